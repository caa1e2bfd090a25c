import numpy as np
import pytest
import torch

from tcm.errors import ConfigError
from tcm.models.spotters.abcnet.levels import POOLED_STRIDES
from tcm.models.spotters.abcnet.pooler import BezierPooler
from tests.conftest import oracle_file


@pytest.fixture(scope="module")
def oracle():
    return np.load(oracle_file("abcnet/roi_pooling.npz"))


def features(oracle):
    return [torch.from_numpy(oracle[f"in.p{i}"]).float() for i in (2, 3, 4)]


def test_levels_and_pooled_texts_of_mmocr(oracle):
    rois = torch.from_numpy(oracle["in.rois"])
    pooler = BezierPooler(size=oracle["out.pooled"].shape[2:])
    assert pooler.levels(rois).tolist() == oracle["out.level"].tolist()
    np.testing.assert_allclose(pooler(features(oracle), rois), oracle["out.pooled"], atol=1e-4)


def test_texts_come_back_in_their_order(oracle):
    rois = torch.from_numpy(oracle["in.rois"])
    order = torch.randperm(len(rois), generator=torch.Generator().manual_seed(0))
    pooled = BezierPooler(oracle["out.pooled"].shape[2:])(features(oracle), rois[order])
    np.testing.assert_allclose(pooled, oracle["out.pooled"][order], atol=1e-4)


def test_pooling_without_shapes_that_depend_on_values_gives_the_same(oracle):
    pooler = BezierPooler()
    torch.manual_seed(0)
    rois = torch.cat([torch.zeros(9, 1), 200 * torch.rand(9, 16)], dim=1)
    assert len(set(pooler.levels(rois).tolist())) > 1
    maps = features(oracle)
    assert torch.equal(pooler.select(maps, rois), pooler(maps, rois))


def test_texts_without_height_come_from_the_finest_level():
    assert BezierPooler().levels(torch.zeros(1, 17)).tolist() == [0]


@pytest.mark.parametrize("count", [0, 1])
def test_every_level_gets_a_gradient(count):
    levels = [torch.randn(1, 2, 64 // s, 64 // s, requires_grad=True) for s in POOLED_STRIDES]
    pooled = BezierPooler((2, 4))(levels, torch.zeros(count, 17))
    assert pooled.shape == (count, 2, 2, 4)
    pooled.sum().backward()
    assert all(torch.isfinite(level.grad).all() for level in levels)


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({"sampling_ratio": 0}, "sampling_ratio"),
        ({"size": [8]}, "size"),
        ({"size": [0, 8]}, "size"),
    ],
)
def test_mistakes(arguments, text):
    with pytest.raises(ConfigError, match=text):
        BezierPooler(**arguments)
