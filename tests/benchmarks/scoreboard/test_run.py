"""A run over a set: what is saved, and that it goes on where it was."""

import json

import pytest

from benchmarks.scoreboard import saved
from benchmarks.scoreboard.run import main
from benchmarks.scoreboard.systems import SETS
from tcm.errors import ConfigError, DataError


@pytest.fixture
def run(fake, data, tmp_path):
    def run(*more, test_set="icdar2015"):
        folders = ["--environments", str(tmp_path / "env"), "--outputs", str(tmp_path / "out")]
        main(["fake", test_set, "--data", str(data), *folders, *more])
        return saved.load(tmp_path / f"out/fake_{test_set}.zip")

    return run


def test_all_images_are_saved_in_order_of_their_numbers_with_what_ran(run):
    found = run("--option", "start=hello")
    assert [one["image"] for one in found.results] == ["img_1.jpg", "img_2.jpg", "img_10.jpg"]
    assert [one["result"][0]["txt"] for one in found.results] == ["hello 1", "hello 2", "hello 3"]
    assert found.run["system"] == "fake 1.0" and found.run["given"] == {"start": "hello"}
    assert found.run["images"] == found.run["of"] == 3
    assert found.run["options"] == "by heart" and "numpy" in found.run["packages"]
    assert 0 <= found.run["cpu_ms_an_image"]["median"] < 1000


def test_a_run_that_was_stopped_goes_on(run, data):
    third = data / SETS["icdar2015"].folder / "img_10.jpg"
    third.write_bytes(b"")
    with pytest.raises(DataError, match="fake 1.0 ended with status 1"):
        run()
    third.write_bytes(b"image")
    texts = [one["result"][0]["txt"] for one in run().results]
    assert texts == ["word 1", "word 2", "word 1"]  # a new process has read the third alone


def test_a_run_of_other_options_does_not_go_on_with_the_first(run):
    run()
    with pytest.raises(DataError, match="of other versions or options"):
        run("--option", "start=other")


def test_one_word_of_three_is_read_in_the_order_of_the_list(run):
    found = run(test_set="iiit5k")
    assert [one["image"] for one in found.results] == [f"test/w{i}.jpg" for i in (0, 3, 6)]


def test_unknown_names_and_absent_sets_are_named(run, tmp_path):
    with pytest.raises(ConfigError, match="unknown set 'icdar2051'; did you mean 'icdar2015'"):
        run(test_set="icdar2051")
    with pytest.raises(ConfigError, match="unknown system 'rapid'; did you mean 'rapidocr'"):
        main(["rapid", "icdar2015", "--data", str(tmp_path)])
    with pytest.raises(DataError, match="ch4_test_images: there is no such folder"):
        SETS["icdar2015"].images(tmp_path)


def test_equal_outputs_are_equal_files(tmp_path):
    answers = [{"image": "a.jpg", "cpu_ms": 2.0, "result": []}]
    for name in ("one", "two"):
        saved.save(tmp_path / f"{name}.zip", {"system": "x"}, answers)
    assert (tmp_path / "one.zip").read_bytes() == (tmp_path / "two.zip").read_bytes()
    assert "cpu_ms" not in json.dumps(saved.load(tmp_path / "one.zip").results)
