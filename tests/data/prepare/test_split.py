import pytest

from tcm.data.formats.unified import ImageRecord
from tcm.data.prepare.split import split_by_name
from tcm.errors import DataError


def parts(names, share=0.8, seed=0):
    records = [ImageRecord(f"/x/{name}", 9, 9) for name in names]
    found = split_by_name(records, names, share, seed)
    return [[record.img_path for record in part] for part in found]


def test_images_keep_their_side_when_others_are_added():
    names = [f"img_{i}.jpg" for i in range(400)]
    train, val = parts(names)
    assert sorted(train + val) == sorted(f"/x/{name}" for name in names)
    assert 0.75 < len(train) / len(names) < 0.85
    fewer_train, fewer_val = parts(names[::3])
    assert set(fewer_train) <= set(train) and set(fewer_val) <= set(val)
    assert parts(names, seed=1) != [train, val]


def test_a_side_without_images_is_an_error():
    with pytest.raises(DataError, match="a split of . and . images"):
        parts(["a.jpg"])
