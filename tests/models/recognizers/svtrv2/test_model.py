"""SVTRv2: its parts' sizes, what it reads of crops of any size, and that it learns."""

import pytest
import torch
from torch.nn import functional

from tcm.engine.checkpoint import deployed_model, load_parameters
from tcm.errors import CheckpointError, ConfigError
from tcm.models.recognizers.svtrv2.rearranging import FeatureRearranging
from tcm.registry import MODELS

TINY = {
    "type": "SVTRv2",
    "dims": [32, 32, 64],
    "depths": [1, 2, 1],
    "local_depths": [1, 1, 0],
    "charset": 36,
}
T = {}
S = {"dims": [96, 192, 384]}
B = {"dims": [128, 256, 384], "depths": [6, 6, 6], "local_depths": [6, 2, 0]}


def _crops(height, width, count=2):
    generator = torch.Generator().manual_seed(height)
    shape = (count, 3, height, width)
    return torch.randint(0, 256, shape, generator=generator, dtype=torch.uint8)


def _rows(*texts):
    rows = torch.full((len(texts), 1, 25), -1)
    for row, text in zip(rows, texts, strict=True):
        row[0, : len(text)] = torch.tensor(text)
    return {"text_rows": rows}


def _model(**changes):
    torch.manual_seed(0)
    return MODELS.build({**TINY, **changes})


@pytest.mark.parametrize(
    ("size", "encoder", "total"),
    [(T, 4_183_008, 5_128_255), (S, 9_145_296, 11_251_247), (B, 17_649_600, 19_755_551)],
)
def test_it_has_as_many_parameters_as_the_authors_network(size, encoder, total):
    """Encoder, feature rearranging and a head of 94 characters and the blank, as published."""
    with torch.device("meta"):
        model = MODELS.build({"type": "SVTRv2", **size})
    assert sum(p.numel() for p in model.encoder.parameters()) == encoder
    assert sum(p.numel() for p in model.parameters()) == total


@pytest.mark.parametrize("size", [(64, 64), (48, 96), (40, 112), (32, 128), (32, 384)])
def test_there_is_a_column_for_four_of_a_crop_of_any_size(size):
    model = _model().eval()
    assert model.encoder(model.normalise(_crops(*size))).shape == (
        2,
        size[0] // 8,
        size[1] // 4,
        64,
    )
    assert model(_crops(*size)).shape == (2, size[1] // 4, 37)


def test_a_crop_is_read_alike_alone_and_among_others():
    model = _model().eval()
    crops = _crops(40, 112, 3)
    torch.testing.assert_close(model(crops)[1:2], model(crops[1:2]))


def test_before_it_learns_most_columns_say_the_blank():
    shares = _model().eval()(_crops(48, 96)).softmax(-1)[..., 36]
    assert shares.mean().item() == pytest.approx(0.85, abs=0.05)


def test_a_column_is_a_weighted_mean_over_its_rows():
    torch.manual_seed(0)
    part = FeatureRearranging(32)
    part.rows = torch.nn.Identity()
    torch.nn.init.eye_(part.keys_values.weight[:32])
    torch.nn.init.eye_(part.keys_values.weight[32:])
    torch.nn.init.zeros_(part.keys_values.bias)
    torch.nn.init.zeros_(part.token)
    part.token.data[0] = 1.0
    rows = torch.zeros(1, 2, 3, 32)
    rows[0, 1, :, 0] = torch.tensor([0.0, 1.0, 100.0])  # keys: the token sees their first number
    share = torch.tensor([0.5, torch.e / (1 + torch.e), 1.0])
    torch.testing.assert_close(part(rows)[0, :, 0], share * rows[0, 1, :, 0])


def test_the_loss_is_ctc_s_mean_over_the_texts():
    model = _model().eval()
    crops, targets = _crops(32, 64), _rows([3, 3, 35], [7])
    columns = model(crops).log_softmax(2).transpose(0, 1)
    texts, lengths = torch.tensor([3, 3, 35, 7]), torch.tensor([3, 1])
    ctc = torch.nn.CTCLoss(blank=36, reduction="none")
    wanted = ctc(columns, texts, torch.tensor([16, 16]), lengths).mean()
    torch.testing.assert_close(model.loss(crops, targets)["loss_text"], wanted)


def test_with_guidance_ctc_has_its_weight_and_the_encoder_learns_of_both():
    plain, guided = _model().eval(), _model(guided=True, ctc_weight=0.1).eval()
    crops, targets = _crops(32, 64), _rows([3, 3, 35], [7])
    losses = guided.loss(crops, targets)
    assert set(losses) == {"loss_text", "loss_guidance"}
    torch.testing.assert_close(losses["loss_text"], 0.1 * plain.loss(crops, targets)["loss_text"])
    for loss in losses.values():
        guided.zero_grad()
        loss.backward(retain_graph=True)
        assert guided.encoder.stem[0].weight.grad.abs().sum() > 0
    assert guided.rearranging.token.grad is None  # the guidance looks at the map


def test_a_text_that_cannot_fit_costs_nothing_and_all_else_learns():
    model = _model(guided=True).train()
    sum(model.loss(_crops(64, 64), _rows([1] * 25, [5, 6])).values()).backward()
    assert all(torch.isfinite(p.grad).all() for p in model.parameters())
    assert model.loss(_crops(64, 64), _rows([1] * 25, [1] * 25))["loss_text"] == 0


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_losses_are_finite_in_half_precision(dtype):
    model = _model(guided=True).train()
    with torch.autocast("cpu", dtype):
        losses = model.loss(_crops(32, 64), _rows([3, 3, 35], [7]))
    assert all(v.dtype == torch.float32 and v.isfinite() for v in losses.values())


def test_it_learns_a_few_words_by_heart():
    torch.manual_seed(0)
    shallow = {"dims": [32, 32, 32], "depths": [1, 1, 1], "local_depths": [1, 0, 0]}
    model = _model(guided=True, drop_path=0.0, **shallow).train()
    crops = functional.interpolate(_crops(4, 8, 4).float(), scale_factor=8)
    targets = _rows([1, 2], [3], [4, 5, 4], [6, 6])
    optimizer = torch.optim.AdamW(model.parameters(), 2e-3)
    for _ in range(100):
        losses = model.loss(crops, targets)
        optimizer.zero_grad()
        sum(losses.values()).backward()
        optimizer.step()
    assert [text for text, _ in model.eval().decode(model(crops))] == ["12", "3", "454", "66"]
    assert losses["loss_text"] < 0.1 and losses["loss_guidance"] < 0.1


def test_deployed_it_reads_the_same_without_guidance_and_batch_norms():
    model = _model(guided=True).eval()
    for norm in (m for m in model.modules() if isinstance(m, torch.nn.BatchNorm2d)):
        torch.nn.init.uniform_(norm.running_mean), torch.nn.init.uniform_(norm.weight, 0.5, 1)
    crops = _crops(40, 112)
    before = model(crops)
    model.deploy()
    assert not any(isinstance(m, torch.nn.BatchNorm2d) for m in model.modules())
    assert not any(name.startswith("guidance") for name in model.state_dict())
    torch.testing.assert_close(model(crops), before, atol=1e-4, rtol=1e-4)


def test_the_second_training_starts_from_the_first_and_the_result_loads_without_guidance():
    first = _model().state_dict()
    guided = _model(guided=True)
    own = guided.guidance.query.clone()
    load_parameters(guided, first, "first.ckpt")
    torch.testing.assert_close(guided.encoder.stem[0].weight, first["encoder.stem.0.weight"])
    torch.testing.assert_close(guided.guidance.query, own)
    assert deployed_model({**TINY, "guided": True}, first, "first.ckpt").guidance is None
    damaged = {k: v for k, v in guided.state_dict().items() if k != "guidance.query"}
    with pytest.raises(CheckpointError, match="guidance.query"):  # a part of it is no guidance
        load_parameters(guided, damaged, "damaged.ckpt")


def test_its_graph_reads_crops_as_they_are_cut():
    model = _model(guided=True).eval()
    graph = model.graphs()["model"]
    crops = _crops(48, 96)
    with torch.no_grad():
        logits = graph.module(crops=crops.permute(0, 2, 3, 1))["logits"]
        torch.testing.assert_close(logits, model(crops))


@pytest.mark.parametrize(
    ("wrong", "match"),
    [
        ({"dims": [32, 64]}, "three stages"),
        ({"dims": [32, 48, 64]}, "multiple of 32"),
        ({"local_depths": [2, 1, 0]}, "local_depths .* beyond depths"),
    ],
)
def test_stages_that_do_not_fit_are_refused(wrong, match):
    with pytest.raises(ConfigError, match=match):
        _model(**wrong)
