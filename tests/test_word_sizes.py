"""The sizes of word crops by their aspect ratio."""

import pytest

from tcm.errors import ConfigError
from tcm.word_sizes import WordSizes


@pytest.mark.parametrize(
    ("height", "width", "size"),
    [
        (50, 10, (64, 64)),  # taller than wide
        (20, 29, (64, 64)),  # 1.45
        (20, 31, (48, 96)),  # 1.55
        (10, 30, (40, 112)),
        (10, 40, (32, 128)),
        (10, 400, (32, 128)),
    ],
)
def test_a_crop_has_the_size_of_the_nearest_ratio(height, width, size):
    assert WordSizes().size_of(height, width) == size


def test_wider_crops_go_on_at_the_last_height():
    sizes = WordSizes(max_ratio=6)
    assert [sizes.size_of(10, 10 * ratio) for ratio in (5, 6, 7)] == [
        (32, 160),
        (32, 192),
        (32, 192),
    ]
    assert sizes.all() == {(64, 64), (48, 96), (40, 112), (32, 128), (32, 160), (32, 192)}


def test_the_greatest_ratio_may_be_below_the_sizes():
    assert WordSizes(max_ratio=2).all() == {(64, 64), (48, 96)}


def test_a_size_is_wanted():
    with pytest.raises(ConfigError, match="sizes: at least one"):
        WordSizes(())
