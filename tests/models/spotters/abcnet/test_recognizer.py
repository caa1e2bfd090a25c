import numpy as np
import pytest
import torch

from tcm.charset import Charset
from tcm.errors import ConfigError
from tcm.models.spotters.abcnet.layers import BiLSTM
from tcm.models.spotters.abcnet.recognizer import (
    AttentionDecoder,
    AttentionRecognizer,
    sequence_loss,
)
from tests.conftest import oracle_file
from tests.models.spotters.abcnet.parity import load, strings

CHARSET = "ascii95"
MMOCR = {"name": CHARSET, "specials": "mmocr", "unknown_symbol": ""}
FILES = ["recogniser", "recogniser_wide"]


class Narrow(torch.nn.Module):
    """The recognizer without its convolutions, of any width."""

    def __init__(self, data):
        super().__init__()
        width = data["in.feat"].shape[1]
        hidden = data["roi_head.rec_head.encoder.layer.rnn.weight_hh_l0"].shape[1]
        self.encoder = BiLSTM(width, hidden, width)
        self.decoder = AttentionDecoder(width, data["out.test.logits"].shape[2])

    def encode(self, feature):
        return self.encoder(feature.squeeze(2).permute(2, 0, 1))


def length(data):
    return data["in.targets"].shape[1]


@pytest.fixture(params=FILES, scope="module")
def case(request):
    data = np.load(oracle_file(f"abcnet/{request.param}.npz"))
    if "wide" in request.param:
        width = data["in.feat"].shape[1]
        hidden = data["roi_head.rec_head.encoder.layer.rnn.weight_hh_l0"].shape[1]
        net = AttentionRecognizer(width, MMOCR, length(data), hidden)
    else:
        net = Narrow(data)
    load(net, data, "head.recognizer.")
    return data, net, torch.from_numpy(data["in.feat"]).float()


def forced_logits(net, data, feature, targets):
    steps = length(data)
    return net.decoder(net.encode(feature), steps, targets, [True] * steps)[0]


@torch.no_grad()
def test_the_encoder(case):
    data, net, feature = case
    if "out.backbone" in data:
        found = net.convs(feature).mean(dim=2, keepdim=True)
        np.testing.assert_allclose(found, data["out.backbone"], atol=1e-4, rtol=1e-4)
    np.testing.assert_allclose(net.encode(feature), data["out.encoder"], atol=1e-4, rtol=1e-4)


@torch.no_grad()
def test_a_greedy_run(case):
    data, net, feature = case
    logits, attention = net.decoder(net.encode(feature), length(data))
    np.testing.assert_allclose(logits, data["out.test.logits"], atol=2e-4)
    np.testing.assert_allclose(attention, data["out.test.attention"], atol=1e-5)
    indices = logits.argmax(dim=2).numpy()
    np.testing.assert_array_equal(indices, data["out.test.indices"])
    charset = Charset.build(MMOCR)
    assert [charset.decode(row) for row in indices] == strings(data, "out.test.text")
    if isinstance(net, AttentionRecognizer):
        np.testing.assert_array_equal(net.read(feature), data["out.test.indices"])


def test_labels_become_mmocrs_indices(case):
    data, _, _ = case
    charset, labels = Charset.build(MMOCR), strings(data, "in.labels")
    found = np.stack([charset.encode(label, length(data)) for label in labels])
    np.testing.assert_array_equal(found, data["in.targets"])
    authors = Charset.build({**MMOCR, "specials": "authors"})
    found = np.stack([authors.encode(label, length(data)) for label in labels])
    np.testing.assert_array_equal(found, data["in.targets_pad96"])


@torch.no_grad()
def test_losses_with_the_truth_fed_back(case):
    data, net, feature = case
    targets = torch.from_numpy(data["in.targets"]).long()
    logits = forced_logits(net, data, feature, targets)
    np.testing.assert_allclose(logits, data["out.forced.logits"], atol=2e-4)
    total = sequence_loss(logits, targets).item()
    assert total == pytest.approx(float(data["loss.sum_over_steps"]), rel=1e-4)
    assert 0.05 * total == pytest.approx(float(data["loss.intended"]), rel=1e-4)
    mean = total / length(data)
    assert mean == pytest.approx(float(data["loss.mean_ce"]), rel=1e-4)
    swapped = torch.from_numpy(data["in.targets_pad96"]).long()
    logits = forced_logits(net, data, feature, swapped)
    found = 0.05 * sequence_loss(logits, swapped).item()
    assert found == pytest.approx(float(data["loss.intended_pad96"]), rel=1e-4)


@torch.no_grad()
def test_the_loss_with_its_own_classes_fed_back(case):
    data, net, feature = case
    targets = torch.from_numpy(data["in.targets"]).long()
    never = [False] * length(data)
    logits, _ = net.decoder(net.encode(feature), length(data), targets, never)
    found = 0.05 * sequence_loss(logits, targets).item()
    wanted = float(data["loss.intended_argmax_feedback"])
    assert found == pytest.approx(wanted, rel=1e-4)
    if isinstance(net, AttentionRecognizer):
        net.forcing = 0.0
        assert net.loss(feature, targets).item() == pytest.approx(wanted, rel=1e-4)
        net.forcing = 1.0
        wanted = float(data["loss.intended"])
        assert net.loss(feature, targets).item() == pytest.approx(wanted, rel=1e-4)


def test_gradients(case):
    data, net, feature = case
    feature = feature.clone().requires_grad_()
    targets = torch.from_numpy(data["in.targets"]).long()
    net.zero_grad()
    logits = forced_logits(net, data, feature, targets)
    (0.05 * sequence_loss(logits, targets)).backward()
    found = feature.grad.abs().sum().item()
    assert found == pytest.approx(float(data["grad.feat_abs_sum"]), rel=1e-3)
    if "grad.feat" in data:
        np.testing.assert_allclose(feature.grad, data["grad.feat"], atol=1e-5, rtol=1e-3)
    names = {
        "encoder.layer.rnn": "encoder.lstm", "encoder.layer.embedding": "encoder.projection",
        "decoder.attn_combine": "decoder.combine", "decoder.vat": "decoder.energy",
    }  # fmt: skip
    parameters = dict(net.named_parameters())
    keys = [k for k in data if k.startswith("grad_abs_sum.")]
    assert keys
    for key in keys:
        name = key.removeprefix("grad_abs_sum.")
        for theirs, ours in names.items():
            name = name.replace(theirs, ours)
        name = name.removesuffix("_l0") if "gru" in name else name
        found = parameters[name].grad.abs().sum().item()
        assert found == pytest.approx(float(data[key]), rel=1e-3, abs=1e-6)


@pytest.fixture
def tiny():
    torch.manual_seed(0)
    return AttentionRecognizer(8, CHARSET, length=5, hidden=4, groups=2)


def test_the_coins_come_from_torchs_random_numbers(tiny):
    pooled, texts = torch.randn(3, 8, 8, 12), torch.randint(0, 97, (3, 5))
    seen = []
    tiny.decoder.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[3]))
    for seed in (0, 0, 1, 2, 3):
        torch.manual_seed(seed)
        tiny.loss(pooled, texts)
    assert seen[0] == seen[1]
    assert len({tuple(coins) for coins in seen}) > 1
    assert all(len(coins) == 5 for coins in seen)


def test_dropout_acts_in_training_alone(tiny):
    pooled, texts = torch.randn(3, 8, 8, 12), torch.randint(0, 97, (3, 5))
    tiny.forcing, tiny.decoder.dropout.p = 1.0, 0.5
    for module in tiny.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.momentum = 0.0
    losses = {tiny.loss(pooled, texts).item() for _ in range(3)}
    assert len(losses) == 3
    tiny.eval()
    assert len({tiny.loss(pooled, texts).item() for _ in range(3)}) == 1


def test_without_regions_the_loss_is_zero_and_touches_every_parameter(tiny):
    pooled = torch.zeros(0, 8, 8, 12, requires_grad=True)
    loss = tiny.loss(pooled, torch.zeros(0, 5, dtype=torch.int64))
    loss.backward()
    assert loss.item() == 0
    assert loss.dtype == torch.float32
    assert all(torch.count_nonzero(p.grad) == 0 for p in tiny.parameters())
    assert tiny.read(pooled).shape == (0, tiny.length)


@pytest.mark.parametrize(
    ("arguments", "text"),
    [({"forcing": 2.0}, "forcing"), ({"charset": 3}, "charset")],
)
def test_mistakes(arguments, text):
    with pytest.raises(ConfigError, match=text):
        AttentionRecognizer(8, **{"charset": CHARSET, "groups": 2, **arguments})
