"""Our own package on a system's place."""

import pytest
from PIL import Image

from benchmarks.scoreboard import saved
from benchmarks.scoreboard.readers import own
from tcm.evaluation.foreign import sources
from tests.reader.checkpoints import write_detector, write_recognizer


@pytest.fixture
def image(tmp_path):
    Image.new("RGB", (96, 64), "gray").save(tmp_path / "a.png")
    return str(tmp_path / "a.png")


def test_lines_and_words_of_a_scene_have_the_form_that_is_scored(image, tmp_path):
    read = own.scenes(write_detector(tmp_path), write_recognizer(tmp_path))
    saved.save(tmp_path / "a.zip", {}, [{"image": "a.png", "cpu_ms": 1.0, **read(image)}])
    (found,) = sources.read("rapidocr", [tmp_path / "a.zip"])
    (line,), (word,) = found.texts, found.words
    assert line.text == word.text and line.polygon.shape == (4, 2)


def test_a_word_is_a_text_with_a_score(image, tmp_path):
    (word,) = own.words(write_recognizer(tmp_path))(image)["result"]
    assert isinstance(word["txt"], str) and 0 <= word["score"] <= 1
