import time

import numpy as np
import pytest
import torch
from torchvision.ops import roi_align

from tcm.models.spotters.abcnet.bezier_align import bezier_align
from tests.conftest import oracle_file

CASES = [f"s{s}.n{n}.a{a}" for s in (4, 8) for n in (1, 2) for a in (1, 0)]
RAMP = torch.arange(8.0) + 10 * torch.arange(8.0)[:, None]
INNER = [4, 8, 12, 4, 20, 4, 28, 8, 28, 24, 20, 20, 12, 20, 4, 24]
OUTER = [-8, -8, 4, -8, 20, -8, 40, -8, 40, 40, 20, 40, 4, 40, -8, 40]


@pytest.fixture(scope="module")
def oracle():
    return np.load(oracle_file("abcnet/bezier_align.npz"))


def roi(points):
    return torch.tensor([[0, *points]], dtype=torch.float32)


@pytest.mark.parametrize("memory", [torch.contiguous_format, torch.channels_last])
@pytest.mark.parametrize("case", CASES)
def test_values_and_gradients_of_mmcv(oracle, case, memory):
    stride, ratio, aligned = (int(part[1:]) for part in case.split("."))
    feature = torch.from_numpy(oracle[f"in.feat{stride}"]).float().to(memory_format=memory)
    feature.requires_grad_()
    size = tuple(oracle["cfg.out_size"].tolist())
    rois = torch.from_numpy(oracle["in.rois"])
    found = bezier_align(feature, rois, size, 1 / stride, ratio, bool(aligned))
    np.testing.assert_allclose(found.detach(), oracle[f"out.{case}"], atol=1e-4)
    found.backward(torch.from_numpy(oracle["in.grad"]).float())
    np.testing.assert_allclose(feature.grad, oracle[f"grad.{case}"], atol=2e-4)


def test_the_default_size(oracle):
    feature = torch.from_numpy(oracle["in.feat4"]).float()
    found = bezier_align(feature, torch.from_numpy(oracle["in.rois"]), (8, 32), 0.25)
    np.testing.assert_allclose(found, oracle["out.s4.n1.a1.8x32"], atol=1e-4)


def test_the_value_of_mmcvs_own_test():
    feature = torch.tensor([[1, 2, 5, 6], [3, 4, 7, 8], [9, 10, 13, 14], [11, 12, 15, 16]]).float()
    points = [0, 0, 1, 0, 2, 0, 3, 0, 3, 3, 2, 3, 1, 3, 0, 3]
    wanted = [[1, 1.75, 3.5, 5.25], [2.5, 3.25, 5, 6.75], [6, 6.75, 8.5, 10.25]]
    wanted.append([9.5, 10.25, 12, 13.75])
    found = bezier_align(feature[None, None], roi(points), (4, 4), 1.0, aligned=False)
    torch.testing.assert_close(found[0, 0], torch.tensor(wanted), atol=1e-5, rtol=0)


@pytest.mark.parametrize("ratio", [1, 2])
def test_a_ramp_inside(ratio):
    row = torch.tensor([15.5, 11.375, 11, 14.375])
    found = bezier_align(RAMP[None, None], roi(INNER), (4, 4), 0.25, ratio)[0, 0]
    wanted = row + 10 * torch.arange(4.0)[:, None]
    torch.testing.assert_close(found, wanted, atol=1e-4, rtol=0)
    if ratio == 1:
        shifted = bezier_align(RAMP[None, None], roi(INNER), (4, 4), 0.25, aligned=False)[0, 0, 0]
        wanted = torch.tensor([21, 16.875, 16.5, 19.875])
        torch.testing.assert_close(shifted, wanted, atol=1e-4, rtol=0)


def test_a_ramp_and_what_lies_outside():
    found = bezier_align(RAMP[None, None], roi(OUTER), (4, 4), 0.25)[0, 0]
    rows = [[0, 0, 0, 0], [0, 5, 7.75, 10.9375], [0, 35, 37.75, 40.9375], [0, 65, 67.75, 70.9375]]
    torch.testing.assert_close(found, torch.tensor(rows), atol=1e-4, rtol=0)


@pytest.mark.parametrize(("ratio", "aligned"), [(1, True), (2, False)])
def test_gradients_in_double_precision(ratio, aligned):
    torch.manual_seed(0)
    feature = torch.randn(2, 2, 5, 6, dtype=torch.float64, requires_grad=True)
    rois = torch.cat([torch.tensor([[0.0], [1.0], [1.0]]), torch.rand(3, 16) * 24 - 2], dim=1)
    assert torch.autograd.gradcheck(
        lambda f: bezier_align(f, rois.double(), (2, 3), 0.25, ratio, aligned), feature
    )


def test_every_image_is_sampled_from_itself_alone():
    torch.manual_seed(0)
    feature = torch.randn(3, 4, 8, 8)
    points = [INNER, OUTER, INNER, OUTER]
    images = [2, 0, 1, 2]
    rois = torch.tensor([[i, *p] for i, p in zip(images, points, strict=True)]).float()
    together = bezier_align(feature, rois, (4, 6), 0.25)
    for image, row, found in zip(images, rois, together, strict=True):
        alone = bezier_align(feature[image : image + 1], torch.cat([torch.zeros(1), row[1:]])[None],
                             (4, 6), 0.25)  # fmt: skip
        torch.testing.assert_close(found, alone[0], atol=1e-5, rtol=1e-5)


def test_half_precision_features_are_sampled_in_float32_and_without_regions_there_is_nothing():
    feature = torch.randn(1, 2, 8, 8, dtype=torch.float16, requires_grad=True)
    assert bezier_align(feature, roi(INNER), (4, 4), 0.25).dtype == torch.float32
    empty = bezier_align(feature, torch.zeros(0, 17), (4, 5), 0.25)
    assert empty.shape == (0, 2, 4, 5)
    empty.sum().backward()
    assert torch.count_nonzero(feature.grad) == 0


class Aligned(torch.nn.Module):
    def forward(self, feature, rois):
        return bezier_align(feature, rois, (4, 6), 0.25, 2)


@pytest.mark.slow  # as a part of ABCNet it is exported by default
def test_it_can_be_exported_for_any_number_of_regions():
    feature, rois = torch.randn(2, 3, 8, 8), torch.rand(4, 17) * 30
    rois[:, 0] = torch.tensor([0, 1, 1, 0])
    regions = torch.export.Dim("regions", max=4096)  # torch 2.6 wants a bound
    program = torch.export.export(
        Aligned(), (feature, rois), dynamic_shapes={"feature": None, "rois": {0: regions}}
    )
    for chosen in (rois, rois[:3]):
        torch.testing.assert_close(program.module()(feature, chosen), Aligned()(feature, chosen))


def _seconds(operator, feature, rois, gradient):
    start = time.perf_counter()
    operator(feature, rois).backward(gradient)
    return time.perf_counter() - start


def test_it_costs_less_than_four_times_the_alignment_of_boxes():
    torch.manual_seed(0)
    feature = torch.randn(1, 64, 46, 80).requires_grad_()
    corner = torch.rand(50, 2) * torch.tensor([200.0, 130.0])
    right, down = torch.tensor([40.0, 0.0]), torch.tensor([0.0, 40.0])
    top = [corner + i * right / 1.5 for i in range(4)]
    beziers = torch.cat([torch.zeros(50, 1), *top, *(p + down for p in reversed(top))], dim=1)
    boxes = torch.cat([torch.zeros(50, 1), top[0], top[-1] + down], dim=1)
    gradient = torch.randn(50, 64, 8, 32)
    operators = {
        "bezier": (lambda f, r: bezier_align(f, r, (8, 32), 0.25), beziers),
        "box": (lambda f, r: roi_align(f, r, (8, 32), 0.25, 1, True), boxes),
    }
    times = {name: [] for name in operators}
    for _ in range(7):  # in turn, so that other work on the machine meets both
        for name, (operator, rois) in operators.items():
            times[name].append(_seconds(operator, feature, rois, gradient))
    assert np.median(times["bezier"]) < 4 * np.median(times["box"])
