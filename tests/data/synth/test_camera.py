import numpy as np

from tcm.data.synth.camera import photograph


def test_a_photograph_is_of_the_same_size_and_mostly_changed():
    image = np.random.default_rng(0).integers(0, 256, (30, 90, 3), np.uint8)
    kept = image.copy()
    shots = [photograph(image, 24, np.random.default_rng(i)) for i in range(60)]
    assert {(shot.shape, shot.dtype) for shot in shots} == {(image.shape, image.dtype)}
    assert sum(np.array_equal(shot, image) for shot in shots) < 6
    np.testing.assert_array_equal(image, kept)


def test_the_word_stays_where_it_is():
    image = np.full((40, 80, 3), 30, np.uint8)
    image[10:30, 20:60] = 220
    shots = [photograph(image, 20, np.random.default_rng(i)).mean(2) for i in range(60)]
    brighter = [shot[12:28, 22:58].mean() > shot[:, :10].mean() + 20 for shot in shots]
    assert all(brighter)
