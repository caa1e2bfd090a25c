"""The models in `tcm/weights`: that they read, weigh little and say what they are."""

import subprocess
import sys

import pytest
from PIL import Image, ImageDraw

import tcm
from tcm.data.synth.fonts import fonts_for, load_font
from tcm.engine.checkpoint import read_checkpoint
from tcm.shipped import KINDS, WEIGHTS, find_weights, weights_folder

WORDS = ["Station", "Market", "EXIT", "2047"]
MOST = 20_000_000  # bytes, of all


@pytest.fixture(scope="module")
def photo(tmp_path_factory):
    """An image with four words, as a file."""
    image = Image.new("RGB", (640, 400), (70, 90, 120))
    font = load_font(fonts_for("a")[0], 48)
    for row, word in enumerate(WORDS):
        ImageDraw.Draw(image).text((60 + 90 * row, 30 + 90 * row), word, (240, 240, 225), font)
    path = tmp_path_factory.mktemp("photo") / "photo.png"
    image.save(path)
    return path


def test_they_read_clear_words(photo):
    result = tcm.TextReader()(photo)
    assert [word.text for word in result.words] == WORDS


def test_the_command_reads_without_naming_models_and_without_pytorch(photo, tmp_path):
    script = (
        "import sys; sys.modules['torch'] = None; from tcm.cli.main import tcm; "
        f"sys.argv = ['tcm', 'read', {str(photo)!r}]; tcm()"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == WORDS


@pytest.mark.parametrize("kind", KINDS)
def test_a_card_says_what_it_saw_and_the_weights_are_a_checkpoint(kind):
    folder = find_weights(kind)
    card = (folder / "README.md").read_text(encoding="utf-8")
    assert card.startswith("---\n") and "license: apache-2.0" in card and "ICDAR2015" in card
    assert "value:" in card  # what was measured
    state, extra = read_checkpoint(folder / WEIGHTS)
    assert state and extra["config"]["model"]


def test_they_weigh_little():
    files = [file for file in weights_folder().rglob("*") if file.is_file()]
    sizes = {file: file.stat().st_size for file in files}
    begun = sum(size for file, size in sizes.items() if file.parent.name == "clip")
    assert 0 < begun < 5_000_000  # to train with; the others read
    assert sum(sizes.values()) - begun < MOST
    assert not [file for file in files if file.name.startswith(".")]
