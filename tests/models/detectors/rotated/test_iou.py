import numpy as np
import pytest
import torch

from tcm.models.detectors.rotated.iou import iou_matrix, paired_iou
from tests.conftest import oracle_file

TOLERANCES = [(torch.float64, 2e-6), (torch.float32, 1e-5)]


@pytest.fixture(scope="module")
def oracle():
    return {
        k: torch.from_numpy(v) for k, v in np.load(oracle_file("rotated/rotated_iou.npz")).items()
    }


def boxes(count, seed, spread=100.0):
    generator = torch.Generator().manual_seed(seed)
    scale = torch.tensor([spread, spread, 60, 60, 7])
    return torch.rand(count, 5, generator=generator, dtype=torch.float64) * scale


@pytest.mark.parametrize(("dtype", "tolerance"), TOLERANCES)
def test_all_with_all(oracle, dtype, tolerance):
    a, b = oracle["a"].to(dtype), oracle["b"].to(dtype)
    for over_first, key in ((False, "iou"), (True, "iof")):
        found = iou_matrix(a, b, over_first)
        assert found.dtype == dtype
        torch.testing.assert_close(found.double(), oracle[key], atol=tolerance, rtol=0)


@pytest.mark.parametrize(("dtype", "tolerance"), TOLERANCES)
def test_pairs(oracle, dtype, tolerance):
    found = paired_iou(oracle["pair_a"].to(dtype), oracle["pair_b"].to(dtype))
    torch.testing.assert_close(found.double(), oracle["pair_iou"], atol=tolerance, rtol=0)


def test_gradients_are_those_of_differences(oracle):
    a = oracle["pair_a"].double().requires_grad_()
    paired_iou(a, oracle["pair_b"]).sum().backward()
    assert a.grad.isfinite().all()  # of equal and touching boxes too
    found = a.grad[oracle["grad_pairs"]]
    torch.testing.assert_close(found, oracle["grad_fd"], atol=1e-4, rtol=0)
    torch.testing.assert_close(found, oracle["grad_mmcv_f64"], atol=1e-4, rtol=0)


def test_gradients_of_both_sides_pass_the_check():
    a, b = boxes(6, 0, 10).requires_grad_(), boxes(6, 1, 10).requires_grad_()
    assert torch.autograd.gradcheck(paired_iou, (a, b))
    assert torch.autograd.gradcheck(iou_matrix, (a[:3], b[:3]))


@pytest.mark.parametrize("shift", [0, 1e-9, 1e-6, 1e-3])
def test_nearly_equal_boxes_have_an_iou_near_one(shift):
    a = boxes(500, 2)
    a[:, 2:4] += 4
    found = paired_iou(a.float(), (a + shift * torch.randn_like(a)).float())
    assert found.min() > 1 - 100 * shift - 1e-4 and found.max() <= 1 + 1e-6


def test_the_filter_leaves_no_pair_out():
    a, b = boxes(40, 3), boxes(50, 4)
    dense = paired_iou(a.repeat_interleave(50, 0), b.repeat(40, 1)).view(40, 50)
    torch.testing.assert_close(iou_matrix(a, b), dense)
    assert 0.02 < (dense > 0).double().mean() < 0.9


def test_no_boxes_and_boxes_without_area():
    none, flat = torch.zeros(0, 5), torch.tensor([[5.0, 5, 0, 3, 0], [1e30, 0, 1, 1, 0]])
    assert iou_matrix(none, flat).shape == (0, 2)
    assert paired_iou(none, none).shape == (0,)
    assert iou_matrix(flat, torch.tensor([[5.0, 5, 9, 9, 1]])).max() < 1e-3
