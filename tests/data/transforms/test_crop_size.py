import numpy as np

from tcm.data.transforms.crop_size import RandomCropSize
from tcm.structures import Sample, TextInstances


def _three_words(size=(90, 200)):
    polygons = [[[x, 40], [x + 20, 40], [x + 20, 50], [x, 50]] for x in (10, 90, 160)]
    instances = TextInstances(polygons, ignored=[False, False, True])
    return Sample(np.zeros((*size, 3), np.uint8), "image", instances)


def test_fixed_size_crop_holds_a_text_when_it_should():
    transform = RandomCropSize([32, 48], positive_ratio=1.0)
    rng = np.random.default_rng(0)
    starts = set()
    for _ in range(200):
        crop = transform(_three_words(), rng)
        assert crop.size == crop.valid_size == (32, 48)
        whole = [np.ptp(p[:, 0]) == 20 and np.ptp(p[:, 1]) == 10 for p in crop.instances.polygons]
        assert any(w for w, i in zip(whole, crop.instances.ignored, strict=True) if not i)
        starts.add((-crop.matrix[0, 2], -crop.matrix[1, 2]))
    assert len(starts) > 50
    assert min(s[0] for s in starts) == 0 and max(s[0] for s in starts) <= 90


def test_fixed_size_crop_of_a_smaller_image_is_padded():
    crop = RandomCropSize([128, 64])(_three_words(), np.random.default_rng(0))
    assert crop.size == (128, 64) and crop.valid == (90, 64)


def test_fixed_size_crop_cuts_a_text_larger_than_itself_and_keeps_it():
    crop = RandomCropSize([8, 8], positive_ratio=1.0)(_three_words(), np.random.default_rng(3))
    assert len(crop.instances) == 1
    assert crop.instances.polygons[0].min() >= 0 and crop.instances.polygons[0].max() <= 8
