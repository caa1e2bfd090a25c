"""The CTC recogniser on small crops."""

import pytest
import torch
import torch.nn.functional as F

from tcm.ctc import peaks_of
from tcm.errors import ConfigError
from tcm.registry import MODELS

TINY = {
    "type": "CTCWordRecognizer",
    "trunk": {"type": "ResidualColumns", "widths": [8, 12], "depths": [1, 0]},
    "charset": 36,
    "img_height": 16,
    "width": 16,
    "layers": 1,
    "heads": 2,
}


@pytest.fixture
def model():
    torch.manual_seed(0)
    return MODELS.build(TINY).eval()


def _crops(count=2, width=32):
    generator = torch.Generator().manual_seed(0)
    return torch.randint(0, 256, (count, 3, 16, width), generator=generator, dtype=torch.uint8)


def _rows(*texts):
    rows = torch.full((len(texts), 1, 25), -1)
    for row, text in zip(rows, texts, strict=True):
        row[0, : len(text)] = torch.tensor(text)
    return {"text_rows": rows}


@pytest.mark.parametrize("width", [32, 44])
def test_there_is_a_column_for_four_of_a_crop_of_any_width(model, width):
    assert model(_crops(width=width)).shape == (2, width // 4, 37)


def test_ids_and_confidence_are_those_of_the_reader_without_torch(model):
    logits = 4 * torch.randn(200, 8, 4, generator=torch.Generator().manual_seed(0))
    logits[:100, :, 3] += 8
    model.charset = type(model.charset)("abc")
    ids, confidence = model.most_likely(logits)
    wanted_ids, wanted = peaks_of(logits.softmax(-1).numpy())
    assert ids.tolist() == wanted_ids.tolist()
    torch.testing.assert_close(confidence, torch.from_numpy(wanted))
    assert (ids == 3).all(1).any() and (ids != 3).any()  # both ways to count were met


def test_the_loss_is_ctc_s_for_each_character(model):
    crops, targets = _crops(), _rows([3, 3, 35], [7])
    columns = model(crops).log_softmax(2).transpose(0, 1)
    texts, lengths = torch.tensor([3, 3, 35, 7]), torch.tensor([3, 1])
    wanted = F.ctc_loss(columns, texts, torch.tensor([8, 8]), lengths, blank=36)
    found = model.loss(crops, targets)["loss_text"]
    torch.testing.assert_close(found, wanted)


def test_a_text_that_cannot_fit_costs_nothing_and_all_else_learns(model):
    loss = model.train().loss(_crops(), _rows([1] * 25, [5, 6]))["loss_text"]
    loss.backward()
    assert torch.isfinite(loss)
    assert all(torch.isfinite(p.grad).all() for p in model.parameters())
    alone = model.loss(_crops(), _rows([1] * 25, [1] * 25))["loss_text"]
    assert alone == 0


def test_deployed_it_reads_the_same_without_batch_norms(model):
    for norm in (m for m in model.modules() if isinstance(m, torch.nn.BatchNorm2d)):
        torch.nn.init.uniform_(norm.running_mean), torch.nn.init.uniform_(norm.weight, 0.5, 1)
    crops = _crops()
    before = model(crops)
    model.deploy()
    assert not any(isinstance(m, torch.nn.BatchNorm2d) for m in model.modules())
    torch.testing.assert_close(model(crops), before, atol=1e-4, rtol=1e-4)


def test_heads_must_share_out_the_width():
    with pytest.raises(ConfigError, match="multiple of 6"):
        MODELS.build({**TINY, "heads": 3})


def test_its_graph_reads_crops_as_they_are_cut():
    model = MODELS.build(TINY).eval()
    graph = model.graphs()["model"]
    crops = _crops()
    with torch.no_grad():
        logits = graph.module(crops=crops.permute(0, 2, 3, 1))["logits"]
        torch.testing.assert_close(logits, model(crops))
    assert model.runtime() == {
        "kind": "recognizer",
        "decoding": "ctc",
        "characters": model.charset.characters,
    }
