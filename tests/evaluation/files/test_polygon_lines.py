import numpy as np
import pytest

from tcm.errors import ConfigError, DataError
from tcm.evaluation.files.polygon_lines import check_order, parse_outline


def test_either_coordinate_may_come_first():
    np.testing.assert_array_equal(parse_outline("1,2, 30,4,5,-6,"), [[1, 2], [30, 4], [5, -6]])
    np.testing.assert_array_equal(parse_outline("1,2,30,4,5,-6", "yx"), [[2, 1], [4, 30], [-6, 5]])


@pytest.mark.parametrize(
    "line, message",
    [
        ("1,2,3,4", "three or more pairs are wanted, got 4 numbers"),
        ("1,2,3,4,5,6,7", "got 7 numbers"),
        ("1,2,3,4,5,6.5", "'6.5' is no integer"),
        ("1,2,3,4,,6", "'' is no integer"),
    ],
)
def test_other_lines_are_refused(line, message):
    with pytest.raises(DataError, match=message):
        parse_outline(line)


def test_other_orders_are_refused():
    assert check_order("yx") == "yx"
    with pytest.raises(ConfigError, match="order: unknown 'XY'"):
        check_order("XY")
