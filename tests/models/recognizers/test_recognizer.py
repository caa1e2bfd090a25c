"""What all recognizers share, on one that tells bright crops from dark ones."""

import numpy as np
import pytest
import torch

from tcm.models.recognizers.recognizer import TextRecognizer


class Brightness(TextRecognizer):
    """Read "bright" or "dark"."""

    def forward(self, images, max_length=None):
        return self.normalise(images).mean((1, 2, 3))[:, None, None]

    def loss(self, images, targets):
        return {"loss_text": self(images).mean()}

    def most_likely(self, logits):
        return (logits > 0).long().flatten(1), logits.abs().flatten()

    def text(self, ids):
        return ("dark", "bright")[ids[0]]


def test_predictions_carry_text_confidence_and_the_crop_s_outline():
    images = torch.zeros(2, 3, 8, 32, dtype=torch.uint8)
    images[1] = 255
    model, matrix = Brightness("half").eval(), np.diag([0.5, 0.25, 1.0])
    first, second = model.predict(images, [np.eye(3), matrix], [(8, 32), (8, 30)])
    assert (first.texts, second.texts) == (["dark"], ["bright"])
    assert second.scores == pytest.approx([1.0])
    assert first.polygons[0].tolist() == [[0, 0], [32, 0], [32, 8], [0, 8]]
    assert second.polygons[0].tolist() == [[0, 0], [60, 0], [60, 32], [0, 32]]


def test_normalisation_by_name():
    images = torch.randint(0, 256, (1, 3, 4, 4), dtype=torch.uint8)
    torch.testing.assert_close(Brightness("half").normalise(images), images / 127.5 - 1)
    white = Brightness("clip").normalise(torch.full((1, 3, 1, 1), 255.0)).flatten().tolist()
    assert white == pytest.approx([1.930336, 2.074883, 2.145897], abs=1e-5)
    assert not Brightness("half").state_dict()


def test_the_contract_is_checked_when_a_recognizer_is_made():
    class Mute(Brightness):
        text = TextRecognizer.text

    with pytest.raises(TypeError, match="text"):
        Mute("half")
