"""From pictures to results, with runners that are easy to foresee."""

import json
import threading

import numpy as np
import pytest

from tcm.errors import ConfigError, DataError
from tcm.inference.reading.ahead import ahead
from tcm.inference.reading.chain import Chain, Failure, Picture
from tcm.inference.reading.detection import Views, detect, maps_of
from tcm.inference.reading.recognition import Straightening
from tcm.inference.reading.sizes import SizePolicy, crops_of_pipeline
from tests.inference.reading.fakes import BoxDetector, GreyReader, scene


def _chain(detector=None, views=None, batch=4, reader=None, **how):
    reader = reader or GreyReader()
    return Chain(detector or BoxDetector(), reader, views or Views(), Straightening(**how), batch)


def _pictures(*images):
    return [Picture(str(i), image, lambda image=image: image) for i, image in enumerate(images)]


def test_words_are_found_cut_and_read_in_reading_order():
    image = scene((42, 10, 66, 18, 200), (10, 10, 34, 18, 150), (10, 40, 34, 48, 250))
    (result,) = _chain().run(_pictures(image))
    assert [word.text for word in result.words] == ["150", "200", "250"]
    assert [[word.text for word in line.words] for line in result.lines] == [
        ["150", "200"],
        ["250"],
    ]
    assert result.text == "150 200\n250"
    assert result.size == (64, 96) and result.words[0].score == 0.75
    np.testing.assert_allclose(result.words[0].polygon[0], [10, 10])


def test_a_word_upside_down_is_read_the_other_way_round():
    word = np.repeat(np.linspace(240, 120, 24).astype(np.uint8)[None, :, None], 8, 0)
    image = scene()
    image[10:18, 10:34] = word
    (result,) = _chain().run(_pictures(image))
    assert result.words[0].confidence == pytest.approx(0.9)
    (result,) = _chain().run(_pictures(image[:, ::-1].copy()))
    assert result.words[0].confidence == pytest.approx(0.9)


def test_a_word_written_upwards_is_read():
    image = scene(size=(96, 64))
    image[10:34, 10:18] = np.linspace(240, 120, 24).astype(np.uint8)[:, None, None]
    (result,) = _chain().run(_pictures(image))
    assert result.words[0].confidence == pytest.approx(0.9)


def test_crops_of_many_images_are_read_together_and_results_keep_their_order():
    reader = GreyReader()
    boxes = [(10, 10, 34, 18, 150), (60, 10, 84, 18, 200), (10, 40, 34, 48, 250)]
    images = [scene(*boxes[: i % 4]) for i in range(9)]
    results = list(_chain(batch=4, reader=reader).run(_pictures(*images)))
    assert [result.name for result in results] == [str(i) for i in range(9)]
    assert [len(result.words) for result in results] == [i % 4 for i in range(9)]
    assert max(reader.batches) == 4 and sum(reader.batches) == sum(i % 4 for i in range(9))


def test_what_fails_passes_through_and_the_rest_is_read():
    pictures = _pictures(scene((10, 10, 34, 18, 150)), scene(size=(32, 96)), scene())
    items = [Failure("bad", DataError("bad: no image")), *pictures]
    found = list(_chain(BoxDetector(broken_at=32)).run(items))
    assert [type(item).__name__ for item in found] == [
        *("Failure", "ReadResult", "Failure", "ReadResult")
    ]
    assert str(found[2].error) == "not finite" and found[2].name == "1"


def test_without_a_recognizer_words_have_no_text():
    chain = Chain(BoxDetector(), None, Views(), Straightening(), 1)
    (result,) = chain.run(_pictures(scene((10, 10, 34, 18, 150))))
    assert result.words[0].text is None and result.words[0].confidence is None
    assert result.text == ""


def test_a_result_in_json():
    (result,) = _chain().run(_pictures(scene((10, 10, 34, 18, 150))))
    content = json.loads(result.to_json())
    box = [[10.0, 10.0], [34.0, 10.0], [34.0, 18.0], [10.0, 18.0]]
    word = {"text": "150", "score": 0.75, "confidence": 0.9, "polygon": box}
    size = {"height": 64, "width": 96}
    assert content == {"image": "0", **size, "text": "150", "words": [word], "lines": [[0]]}


def test_a_result_draws_itself_on_its_image():
    image = scene((10, 30, 34, 38, 150))
    (result,) = _chain().run(_pictures(image))
    picture = result.draw()
    assert picture.shape == image.shape and not np.array_equal(picture, image)
    np.testing.assert_array_equal(picture[32:36, 14:30], image[32:36, 14:30])  # nothing hides it


def test_unsure_words_can_be_left_out():
    (result,) = _chain().run(_pictures(scene((10, 10, 34, 18, 150), (60, 10, 84, 18, 200))))
    assert len(result.confident(0.5).words) == 2
    assert len(result.confident(0.95).words) == 0


def test_a_large_image_is_shown_smaller_and_words_are_cut_from_the_full_one():
    detector = BoxDetector()
    image = scene((100, 100, 340, 180, 150), size=(640, 960))
    (result,) = _chain(detector, Views(max_side=96)).run(_pictures(image))
    assert detector.shown == [(1, 64, 96, 3)]
    np.testing.assert_allclose(result.words[0].polygon[[0, 2]], [[100, 100], [340, 180]], atol=8)


def test_tiles_find_each_word_once_and_come_in_batches():
    detector = BoxDetector(batch=3)
    image = scene((60, 60, 84, 68, 150), (10, 10, 34, 18, 200), size=(160, 160))
    found = detect(detector, image, Views(tile=96))
    assert len(found) == 2 and [shape[0] for shape in detector.shown] == [3, 1]
    boxes = sorted(polygon[0].tolist() for polygon in found.polygons)
    np.testing.assert_allclose(boxes, [[10, 10], [60, 60]], atol=1e-3)


def test_maps_span_the_image_without_the_padding():
    maps = maps_of(BoxDetector(), scene(size=(40, 70)), Views())
    assert maps["brightness"].shape == (40, 70)


@pytest.mark.parametrize("wrong", [{"max_side": 16}, {"tile": 8}])
def test_views_that_are_too_small_are_refused(wrong):
    with pytest.raises(ConfigError, match=next(iter(wrong))):
        Views(**wrong)


@pytest.mark.parametrize(
    ("pipeline", "size"),
    [
        ([], (300, 500)),
        ([{"type": "ResizeKeepRatio", "scale": [1333, 736]}, {"type": "Warp"}], (736, 1227)),
        ([{"type": "ResizeShortSide", "short_size": 100, "divisor": 32}], (128, 192)),
    ],
)
def test_the_size_is_that_of_the_test_pipeline(pipeline, size):
    policy = SizePolicy.of_pipeline(pipeline)
    assert policy.size_of(300, 500) == size
    assert SizePolicy(**policy.as_json()) == policy


def test_pipelines_that_a_reader_cannot_follow_are_refused():
    with pytest.raises(ConfigError, match="FitInto"):
        SizePolicy.of_pipeline([{"type": "FitInto", "size": [64, 64]}])
    with pytest.raises(ConfigError, match="StretchTo"):
        crops_of_pipeline([{"type": "Warp"}])


def test_work_ahead_keeps_the_order_and_passes_errors_on():
    def items():
        yield from range(5)
        raise ValueError("after five")

    seen = []
    with pytest.raises(ValueError, match="after five"):
        for item in ahead(items()):
            seen.append(item)
    assert seen == [0, 1, 2, 3, 4]


def test_a_caller_that_stops_ends_the_thread():
    before = threading.active_count()
    items = ahead(iter(range(10**9)))
    assert next(items) == 0
    items.close()
    assert threading.active_count() == before
