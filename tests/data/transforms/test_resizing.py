import numpy as np
import pytest

from tcm.data.transforms.resizing import (
    BoundedScaleAspectJitter,
    ResizeRandomShortSide,
    SquareResizePad,
)
from tcm.errors import ConfigError
from tests.data.builders import box, sample
from tests.data.transforms.test_geometric import planned

RNG = np.random.default_rng(0)


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        ((1000, 2000), (490, 980)),  # 0.4 for the long side leaves 400, not more than 480
        ((600, 1000), (490, 816)),  # 0.8 leaves 480 itself
        ((1000, 700), (800, 560)),  # 0.8 fits both
        ((100, 100), (490, 490)),
        ((700, 750), (700, 750)),  # a small image is not enlarged
    ],
)
def test_bounds_without_jitter_by_hand(size: tuple[int, int], expected: tuple[int, int]) -> None:
    jitter = BoundedScaleAspectJitter(800, 480, (1.0, 1.0), (1.0, 1.0))
    assert jitter(planned(*size), RNG).size == expected


def test_bounded_jitter_stays_in_its_ranges() -> None:
    rng = np.random.default_rng(0)
    jitter = BoundedScaleAspectJitter(800, 100, (0.7, 1.3), (0.9, 1.1))
    sizes = np.array([jitter(planned(1000, 1000), rng).size for _ in range(300)])
    scale, aspect = np.sqrt(sizes.prod(axis=1)) / 800, sizes[:, 0] / sizes[:, 1]
    assert 0.695 <= scale.min() < 0.75
    assert 1.25 < scale.max() <= 1.3
    assert 0.895 <= aspect.min() < 0.92
    assert 1.08 < aspect.max() <= 1.105


def test_short_sides_are_drawn_from_the_list() -> None:
    rng = np.random.default_rng(0)
    resize = ResizeRandomShortSide([40, 48, 56], 200)
    outs = [resize(sample(32, 64), rng) for _ in range(100)]
    assert {out.size for out in outs} == {(40, 80), (48, 96), (56, 112)}
    np.testing.assert_allclose(
        outs[0].instances.polygons[0], box(8, 8, 24, 16) * outs[0].size[0] / 32
    )


def test_the_long_side_has_its_bound() -> None:
    assert ResizeRandomShortSide([640], 1600)(planned(100, 400), RNG).size == (400, 1600)
    assert ResizeRandomShortSide([640], 1600)(planned(301, 100), RNG).size == (1600, 532)


@pytest.mark.parametrize(("short_sizes", "long_size"), [([], 100), ([64, 128], 100)])
def test_impossible_sides_are_an_error(short_sizes: list[int], long_size: int) -> None:
    with pytest.raises(ConfigError, match="short_sizes must be some sides of at most 100"):
        ResizeRandomShortSide(short_sizes, long_size)


def test_square_is_padded_or_stretched() -> None:
    rng = np.random.default_rng(0)
    outs = [SquareResizePad(32, 0.6)(sample(48, 64), rng) for _ in range(300)]
    assert {(out.size, out.valid) for out in outs} == {((32, 32), (24, 32)), ((32, 32), None)}
    assert 150 <= sum(out.valid is not None for out in outs) <= 210
    for out in outs[:20]:
        expected = (0.5, 0.5) if out.valid else (0.5, 32 / 48)
        np.testing.assert_allclose(np.diag(out.matrix)[:2], expected)


def test_polygons_are_cut_to_the_canvas() -> None:
    start = sample(48, 64, [box(-10, 10, 80, 20), box(70, 0, 80, 10)])
    for transform in (
        BoundedScaleAspectJitter(64, 10),
        ResizeRandomShortSide([40], 100),
        SquareResizePad(32, 1.0),
        SquareResizePad(32, 0.0),
    ):
        out = transform(start, np.random.default_rng(0))
        assert out.instances.texts == [None]
        height, width = out.valid_size
        polygon = out.instances.polygons[0]
        assert polygon.min() >= 0
        assert polygon[:, 0].max() == pytest.approx(width)
        assert (polygon.max(axis=0) <= [width + 0.01, height]).all()
