import numpy as np

from tcm.inference.label_places import label_places


def _box(left, top, width=40, height=12):
    box = [[left, top], [left + width, top], [left + width, top + height], [left, top + height]]
    return np.array(box, np.float32)


def _boxes(places, sizes):
    return [
        (x, y - height, x + width, y) for (x, y), (height, width) in zip(places, sizes, strict=True)
    ]


def _meet(a, b):
    return min(a[2], b[2]) > max(a[0], b[0]) and min(a[3], b[3]) > max(a[1], b[1])


def test_a_label_stands_above_its_word():
    assert label_places([_box(20, 40)], [(10, 30)], (100, 200), gap=2) == [(20, 38)]


def test_at_the_upper_border_it_stands_below():
    ((x, y),) = label_places([_box(20, 0)], [(10, 30)], (100, 200))
    assert y - 10 >= 12


def test_no_label_hides_its_own_word():
    rng = np.random.default_rng(0)
    words = [_box(*place) for place in rng.uniform(0, (160, 88), (12, 2))]
    sizes = [(11, int(width)) for width in rng.integers(10, 60, 12)]
    for word, label in zip(
        words, _boxes(label_places(words, sizes, (100, 200)), sizes), strict=True
    ):
        assert not _meet(label, (*word.min(axis=0), *word.max(axis=0)))


def test_labels_of_a_column_hide_no_neighbour_where_there_is_room():
    words = [_box(20, 20 + 13 * row) for row in range(4)]
    sizes = [(11, 30)] * 4
    labels = _boxes(label_places(words, sizes, (100, 200)), sizes)
    for i, label in enumerate(labels):
        assert not any(_meet(label, other) for other in labels[:i])
        assert not any(_meet(label, (*w.min(axis=0), *w.max(axis=0))) for w in words)


def test_nothing_to_label():
    assert label_places([], [], (100, 200)) == []
    assert len(label_places([_box(0, 0)], [(0, 0)], (100, 200))) == 1
