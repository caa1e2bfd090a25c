import numpy as np

from tcm.data.synth.photo_tiles import PhotoTiles
from tcm.structures import Sample, TextInstances


class Scenes:
    """Two scenes: one with text all over its left half, one all over."""

    def __len__(self):
        return 2

    def load(self, index):
        image = np.zeros((200, 800, 3), np.uint8)
        right = (400, 800)[index]
        image[:, :right] = 255
        polygon = np.array([[0, 0], [right, 0], [right, 200], [0, 200]], np.float32)
        return Sample(image, f"{index}", TextInstances([polygon], ignored=np.array([True])))


def test_no_text_is_in_a_background_be_it_ignored():
    tiles = PhotoTiles(Scenes())
    rng = np.random.default_rng(0)
    assert tiles.tiles
    for size in ((20, 50), (120, 40), (3, 400)):
        background = tiles(*size, rng)
        assert background.shape == (*size, 3) and not background.any()
