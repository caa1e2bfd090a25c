"""The attention of the reference, forward and backward, and in reduced precision."""

import pytest
import torch

from tcm.errors import ConfigError
from tcm.models.detection_transformer.deformable_attention import DeformableAttention, sample_levels
from tests.models.detection_transformer.oracle import Oracle, close


@pytest.fixture(scope="module")
def oracle():
    return Oracle("deformable_attention")


def built(oracle):
    config = oracle.config
    names = ("d_model", "heads", "levels", "points")
    attention = DeformableAttention(*(config[name] for name in names))
    attention.load_state_dict(oracle.below("param/"))
    return attention


def read(oracle, reference="points", mask=True, query=None):
    given = oracle[f"input/reference_{reference}"]
    return built(oracle)(
        oracle["input/query"] if query is None else query,
        given,
        oracle["input/value"],
        oracle.sides(),
        oracle["input/mask"] if mask else None,
    )


def test_the_sampling_alone(oracle):
    given = [oracle[f"core/{n}"] for n in ("value", "sampling_locations", "attention_weights")]
    close(sample_levels(given[0], oracle.sides(), *given[1:]), oracle["core/output"])


@pytest.mark.parametrize(
    ("name", "reference", "mask"),
    [("points", "points", True), ("boxes", "boxes", True), ("points_no_mask", "points", False)],
)
def test_what_is_read(oracle, name, reference, mask):
    close(read(oracle, reference, mask), oracle[f"output/{name}"])


def test_gradients(oracle):
    query, value, points = (
        oracle[f"input/{n}"].requires_grad_() for n in ("query", "value", "reference_points")
    )
    found = built(oracle)(query, points, value, oracle.sides(), oracle["input/mask"])
    (found * oracle["input/cotangent"]).sum().backward()
    close(query.grad, oracle["grad/query"])
    close(value.grad, oracle["grad/value"])
    close(points.grad, oracle["grad/reference_points"])


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_places_are_exact_under_autocast(oracle, dtype):
    with torch.autocast("cpu", dtype=dtype):
        found = read(oracle)
    assert found.dtype == dtype
    close(found.float(), oracle["output/points"], atol=0.05, rtol=0.05)


def test_heads_start_in_directions_of_their_own():
    attention = DeformableAttention(16, heads=4, levels=2, points=3)
    bias = attention.sampling_offsets.bias.view(4, 2, 3, 2).detach()
    ways = torch.tensor([[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0], [0.0, -1.0]])
    for point in range(3):
        for level in range(2):
            close(bias[:, level, point], ways * (point + 1))


def test_a_width_that_heads_do_not_share_is_refused():
    with pytest.raises(ConfigError, match="a multiple of 8 is wanted, got 20"):
        DeformableAttention(20)
