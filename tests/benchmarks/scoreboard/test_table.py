"""The table, rebuilt from saved outputs, and that the pages show it."""

import pytest

from benchmarks.scoreboard import saved, table
from benchmarks.scoreboard.scores import words
from benchmarks.scoreboard.systems import SETS, SYSTEMS
from tcm.errors import DataError
from tests.conftest import real_data

QUAD = [[0, 0], [30, 0], [30, 10], [0, 10]]
OUTPUTS = sorted(saved.FOLDER.glob("*.zip"))


def cells(line):
    return [cell.strip() for cell in line.strip("|").split("|")]


def write(folder, test_set, results, of):
    run = {"system": "fake 1.0", "weights": "none", "of": of}
    answers = [{"cpu_ms": 10.0 * (i + 1), **one} for i, one in enumerate(results)]
    saved.save(saved.path_of("fake", test_set, folder), run, answers)


def scene(text, **more):
    return {"image": "img_1.jpg", "result": [{"box": QUAD, "txt": text, "score": 1.0}], **more}


def test_rows_by_hand(fake, data, tmp_path):
    """A line of two words whose first is the one text; its own words are further off."""
    own = [[["word", 1.0, QUAD], ["none", 1.0, QUAD]]]
    results = [scene("word none", word_results=own), {"image": "img_2.jpg", "result": []}]
    write(tmp_path, "icdar2015", results, 3)
    write(tmp_path, "iiit5k", [{"image": "test/w0.jpg", "result": [{"txt": "w-0"}]}], 1)
    _, _, first, second = table.build(data, tmp_path).splitlines()
    images = ", 2 of 3 images"
    own_words = ["words" + images, "0.000", "0.000", "0.000", "0.000"]
    split = ["lines split by length" + images, "0.500", "0.500", "0.500", "0.500"]
    assert cells(first) == ["fake 1.0 (none)", *own_words, "1.000", "-", "15"]
    assert cells(second) == ["fake 1.0 (none)", *split, "-", "-", "15"]


def test_words_of_another_set_are_refused(data, tmp_path):
    write(tmp_path, "iiit5k", [{"image": "test/x.jpg", "result": []}], 1)
    with pytest.raises(DataError, match="test/x.jpg is no word of"):
        words(tmp_path / "fake_iiit5k.zip", data)


def test_what_is_between_the_marks_is_the_table():
    page = f"before\n{table.START}\n\n| a |\n| b |\n\n{table.END}\nafter"
    assert table.shown(page) == "| a |\n| b |"
    with pytest.raises(DataError, match="no table between"):
        table.shown("nothing")


@pytest.mark.parametrize("path", OUTPUTS, ids=lambda path: path.stem)
def test_a_committed_output_says_what_ran(path):
    system, _, test_set = path.stem.partition("_")
    run = saved.load(path).run
    assert run["system"] == SYSTEMS[system].title and run["set"] == test_set in SETS
    assert {"python", "packages", "options", "given", "date", "images", "of"} <= set(run)
    assert run["cpu_ms_an_image"]["mean"] > 0
    assert path.stat().st_size < 2**19


@pytest.mark.parametrize("page", table.pages(), ids=lambda page: page.parent.name)
def test_words_and_times_of_the_pages_are_those_of_the_outputs(page):
    """The columns that take no time to rebuild; the slow test rebuilds all of them."""
    folder = real_data("iiit5k").parent
    rows = [cells(line) for line in table.shown(page.read_text(encoding="utf-8")).splitlines()[2:]]
    heads = {row[0]: row for row in reversed(rows)}  # the first row of each system
    assert len(heads) == len({path.stem.partition("_")[0] for path in OUTPUTS})
    for name, system in SYSTEMS.items():
        row = heads.get(f"{system.title} ({system.weights})")
        path = saved.path_of(name, "iiit5k")
        if row is not None and path.exists():
            assert row[-3] == f"{words(path, folder).word_accuracy:.3f}"
            run = saved.load(saved.path_of(name, "icdar2015")).run
            assert row[-1] == f"{run['cpu_ms_an_image']['mean']:.0f}"


@pytest.mark.slow
def test_the_table_of_the_pages_is_what_the_outputs_give():
    for name in ("icdar2015", "iiit5k", "msra_td500"):
        folder = real_data(name).parent
    built = table.build(folder)
    assert table.pages()
    for page in table.pages():
        assert table.shown(page.read_text(encoding="utf-8")) == built
