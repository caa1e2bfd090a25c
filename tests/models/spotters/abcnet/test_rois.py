import pytest
import torch

from tcm.errors import ConfigError
from tcm.models.spotters.abcnet.finder import Detections
from tcm.models.spotters.abcnet.rois import ABCNetRois

TARGETS = {
    "bezier_rows": torch.stack(
        [torch.full((16,), 10.0), torch.full((16,), 50.0), torch.zeros(16),
         torch.full((16,), 20.0), torch.full((16,), 60.0), torch.full((16,), 90.0)]
    ).view(2, 3, 16),
    "text_rows": torch.arange(6).view(2, 3, 1),
    "valid_rows": torch.tensor([[1, 1, 0], [1, 1, 1]], dtype=torch.uint8),
    "readable_rows": torch.tensor([[1, 0, 0], [0, 1, 1]], dtype=torch.uint8),
}  # fmt: skip


class Decoder:
    """Finds given curves, each 16 times one number."""

    def __init__(self, *images, kept=True):
        self.images, self.kept, self.thresholds = images, kept, []

    def find(self, predictions, score_thr):
        self.thresholds.append(score_thr)
        curves = torch.tensor([v for numbers in self.images for v in numbers], dtype=torch.float32)
        b = curves.view(-1, 1).repeat(1, 16)
        image = torch.tensor([i for i, numbers in enumerate(self.images) for _ in numbers]).long()
        return (
            Detections(b[:, :4], b, b[:, 0], b[:, :2]),
            image,
            torch.full((len(b),), self.kept),
        )


def rows_of(found):
    rois, texts, chosen = found
    rois, texts = rois[chosen], texts[chosen]
    assert (rois[:, 1:] == rois[:, 1:2]).all()
    return [(*roi, *text) for roi, text in zip(rois[:, :2].tolist(), texts.tolist(), strict=True)]


def test_the_true_curves_of_readable_texts():
    found = rows_of(ABCNetRois()({}, TARGETS, Decoder()))
    assert found == [(0, 10, 0), (1, 60, 4), (1, 90, 5)]


def test_predicted_curves_get_the_nearest_readable_text_of_their_image():
    # 1 is nearest to a row of padding, 45 and 25 to texts that are not readable.
    decoder = Decoder([1, 45], [25, 70, 80])
    found = rows_of(ABCNetRois(adaptive=True, score_thr=0.6)({}, TARGETS, decoder))
    assert found[3:] == [(0, 1, 0), (1, 70, 4), (1, 80, 5)]
    assert decoder.thresholds == [0.6]


def test_curves_beyond_the_best_of_their_image_are_left_out():
    found = rows_of(ABCNetRois(adaptive=True)({}, TARGETS, Decoder([1], [70], kept=False)))
    assert found == rows_of(ABCNetRois()({}, TARGETS, Decoder()))


def test_predicted_curves_of_an_image_without_text_are_left_out():
    targets = {**TARGETS, "valid_rows": TARGETS["valid_rows"] * 0,
               "readable_rows": TARGETS["readable_rows"] * 0}  # fmt: skip
    assert rows_of(ABCNetRois(adaptive=True)({}, targets, Decoder([1], [2, 3]))) == []


def test_no_more_than_the_limit_and_not_always_the_same():
    torch.manual_seed(0)
    chosen = [rows_of(ABCNetRois(max_rois=2)({}, TARGETS, Decoder())) for _ in range(10)]
    assert {len(rows) for rows in chosen} == {2}
    assert len({tuple(rows) for rows in chosen}) > 1
    assert set().union(*chosen) == {(0, 10, 0), (1, 60, 4), (1, 90, 5)}


def test_a_wrong_limit():
    with pytest.raises(ConfigError, match="max_rois"):
        ABCNetRois(max_rois=0)
