import numpy as np
import pytest
import torch

from tcm.models.detectors import kernels
from tcm.models.detectors.panet.embedding_loss import embedding_loss
from tcm.models.detectors.panet.losses import PANLoss
from tcm.models.detectors.panet.targets import PANTargets, pixel_rows
from tcm.models.losses import hard_negative_mask
from tcm.structures import Sample, TextInstances
from tests.conftest import oracle_file
from tests.mmocr_offsets import integer_offsets
from tests.oracle_polygons import polygons_of

NAMES = ("text", "kernel", "embedding")


@pytest.fixture(scope="module")
def oracle():
    return np.load(oracle_file("heads/panet_losses.npz"))


def targets_of(data):
    text, kernel = data["gt.kernels"][:, 0], data["gt.kernels"][:, 1]
    targets = {
        "text_map": torch.from_numpy(text.astype(np.int16)),
        "kernel_map": torch.from_numpy((kernel > 0).astype(np.uint8)),
        "text_mask": torch.from_numpy(data["gt.mask"]),
    }
    return with_tables(targets)


def with_tables(targets):
    """Return targets with the tables that a worker makes of their maps."""
    most = max(1, int(targets["text_map"].max()))
    tables = {
        "pixel_rows": listed(targets["text_map"], targets["text_mask"]),
        "instance_rows": torch.ones(len(targets["text_map"]), most, dtype=torch.uint8),
    }
    return {**targets, **tables}


def listed(numbers, mask):
    """Return the pixels (B, M, 3) of numbers (B, H, W), as a batch has them."""
    pairs = zip(numbers.short().numpy(), (mask > 0).byte().numpy(), strict=True)
    tables = [torch.from_numpy(pixel_rows(*pair)) for pair in pairs]
    return torch.nn.utils.rnn.pad_sequence(tables, batch_first=True)


def prediction_of(data):
    return torch.from_numpy(data["pred"].astype(np.float32))


def losses_of(prediction, targets, **options):
    return PANLoss(**options)(prediction[:, 0], prediction[:, 1], prediction[:, 2:], targets)


def assert_losses(found, data, prefix="", **tolerance):
    for name in NAMES:
        wanted = float(data[f"{prefix}loss.{name}"])
        assert found[f"loss_{name}"].item() == pytest.approx(wanted, **tolerance)


def test_losses_of_mmocr(oracle):
    assert_losses(losses_of(prediction_of(oracle), targets_of(oracle)), oracle, rel=1e-4)


def test_the_embedding_loss_of_each_image_is_mmocrs(oracle):
    targets = targets_of(oracle)
    embedding = prediction_of(oracle)[:, 2:].transpose(0, 1)
    enlarged = torch.nn.functional.interpolate(
        embedding, targets["text_map"].shape[-2:], mode="bilinear"
    )
    most = targets["instance_rows"].shape[1]
    found = embedding_loss(enlarged, targets["pixel_rows"], targets["kernel_map"] > 0, most)
    wanted = [float(oracle[f"embedding_raw.{i}"]) for i in range(len(found))]
    np.testing.assert_allclose(found, wanted, rtol=1e-4)


def test_gradients_of_mmocr(oracle):
    leaf = prediction_of(oracle).requires_grad_()
    sum(losses_of(leaf, targets_of(oracle)).values()).backward()
    assert leaf.grad.abs().sum().item() == pytest.approx(float(oracle["gradsum.pred"]), rel=1e-3)


def test_the_mined_pixels_are_mmocrs(oracle):
    targets = targets_of(oracle)
    logits = torch.nn.functional.interpolate(
        prediction_of(oracle)[:, :1], targets["text_map"].shape[-2:], mode="bilinear"
    )
    found = hard_negative_mask(logits[:, 0], targets["text_map"], targets["text_mask"])
    np.testing.assert_array_equal(found, oracle["ohem_mask"] > 0)


def test_an_image_without_text(oracle):
    targets = {name: torch.zeros_like(t[:1]) for name, t in targets_of(oracle).items()}
    targets["text_mask"] += 1
    found = losses_of(prediction_of(oracle)[:1], targets)
    assert_losses(found, oracle, "notext.", abs=1e-5)


def test_an_image_with_one_text_has_nothing_to_discriminate(oracle, monkeypatch):
    monkeypatch.setattr(kernels, "offset_polygons", integer_offsets)
    polygon = [np.trunc(polygons_of(oracle, "polys0")[0])]
    image = np.zeros((*oracle["size"], 3), np.uint8)
    sample = Sample(image, "one text", TextInstances(polygon))
    maps = PANTargets()(sample, np.random.default_rng(0)).maps
    targets = {name: torch.from_numpy(m[None]) for name, m in maps.items()}
    found = losses_of(prediction_of(oracle)[:1], targets)
    # Versions of OpenCV differ in single pixels on the rim of filled polygons.
    assert_losses(found, oracle, "onetext.", rel=1e-2)
    apart = PANLoss(delta_dis=50.0)
    prediction = prediction_of(oracle)[:1]
    moved = apart(prediction[:, 0], prediction[:, 1], prediction[:, 2:], targets)
    assert moved["loss_embedding"].item() == found["loss_embedding"].item()


def literal_embedding_loss(embedding, numbers, kernel):
    """Follow the equations instance by instance for one image, embedding (D, H, W)."""
    owners = [i for i in numbers.unique().tolist() if i and (kernel & (numbers == i)).any()]
    if not owners:
        return embedding.new_zeros(())
    means = [embedding[:, kernel & (numbers == i)].mean(1) for i in owners]
    pulls = []
    for i, mean in zip(owners, means, strict=True):
        distance = (embedding[:, numbers == i] - mean[:, None]).norm(dim=0)
        pulls.append(((distance - 0.5).clamp(min=0) ** 2 + 1).log().mean())
    pushes = [
        ((3.0 - (a - b).norm()).clamp(min=0) ** 2 + 1).log()
        for a in means
        for b in means
        if a is not b
    ]
    lengths = [(mean.norm() + 1).log() for mean in means]
    size = 0.001 * sum(lengths) / (len(means) + 1)
    return sum(pulls) / len(pulls) + (sum(pushes) / len(pushes) if pushes else 0) + size


def test_the_embedding_loss_against_its_equations():
    torch.manual_seed(0)
    numbers = torch.randint(0, 7, (4, 12, 15))
    numbers[1] = 0
    numbers[2] = torch.where(numbers[2] == 3, 3, 0)
    kernel = (torch.rand(numbers.shape) > 0.5) & (numbers != 2)  # a text without a kernel
    embedding = 2 * torch.randn(3, 4, 12, 15)
    # There may be more numbers than there are.
    found = embedding_loss(embedding, listed(numbers, numbers >= 0), kernel, most=9)
    wanted = [literal_embedding_loss(embedding[:, i], numbers[i], kernel[i]) for i in range(4)]
    torch.testing.assert_close(found, torch.stack(wanted))
    assert found[1] == 0


def test_gradients_are_finite_where_all_vectors_are_equal():
    embedding = torch.zeros(4, 1, 6, 6, requires_grad=True)
    numbers = torch.zeros(1, 6, 6, dtype=torch.long)
    numbers[0, :2], numbers[0, 4:] = 1, 2
    loss = embedding_loss(embedding, listed(numbers, numbers > 0), numbers > 0, most=2).sum()
    loss.backward()
    assert loss.item() == pytest.approx(np.log(3.0**2 + 1), rel=1e-6)
    assert torch.isfinite(embedding.grad).all()


def test_weights_are_factors(oracle):
    targets, prediction = targets_of(oracle), prediction_of(oracle)
    weights = {"text_weight": 2.0, "kernel_weight": 3.0, "embedding_weight": 5.0}
    plain = losses_of(prediction, targets, **dict.fromkeys(weights, 1.0))
    found = losses_of(prediction, targets, **weights)
    for name, factor in zip(NAMES, weights.values(), strict=True):
        assert found[f"loss_{name}"].item() == pytest.approx(factor * plain[f"loss_{name}"].item())


def test_ignored_texts_do_not_count(oracle):
    targets, prediction = targets_of(oracle), prediction_of(oracle)
    number = int(targets["text_map"][0].max())
    region = targets["text_map"][0] == number
    targets["text_mask"][0][region] = 0
    found = losses_of(prediction, with_tables(targets))["loss_embedding"]
    targets["text_map"][0][region] = 0
    wanted = losses_of(prediction, with_tables(targets))["loss_embedding"]
    assert found.item() == pytest.approx(wanted.item(), rel=1e-6)
