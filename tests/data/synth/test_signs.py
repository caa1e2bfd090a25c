import numpy as np
import shapely

from tcm.data.synth.dataset import SyntheticText
from tcm.data.synth.signs import make_sign
from tcm.data.synth.words import WordSampler


def _sign(seed, styles=("perspective",)):
    sampler = WordSampler("abcdefg", (2, 6))
    return make_sign(20.0, sampler, ["DejaVuSans"], styles, np.random.default_rng(seed))


def test_words_of_a_sign_are_close_but_apart_and_lie_on_its_plate():
    gaps = []
    for seed in range(12):
        sign = _sign(seed)
        words = [shapely.Polygon(word.shape.outline) for word in sign.words]
        plate = shapely.Polygon(sign.plate.outline).buffer(0.01)
        assert all(plate.contains(word) for word in words)
        for i, word in enumerate(words):
            others = [word.distance(other) for other in words[:i] + words[i + 1 :]]
            gaps += [min(others)] if others else []
    assert min(gaps) > 0.5 and np.median(gaps) < 12


def test_a_sign_is_never_curved():
    assert len(_sign(0, ("curved",)).plate.outline) == 4


def test_scenes_have_signs_where_they_are_wanted_and_none_elsewhere():
    def words(ratio):
        dataset = SyntheticText(6, (256, 256), words_per_image=(2, 3), sign_ratio=ratio)
        scenes = [dataset.load(i).instances.polygons for i in range(6)]
        assert all(((p >= 0) & (p <= 256)).all() for scene in scenes for p in scene)
        return sum(map(len, scenes))

    assert words(1.0) > 1.5 * words(0.0)
