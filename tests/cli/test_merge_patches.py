import numpy as np
import pytest

from tcm.annotations import dota
from tcm.annotations.files import TextFile, read_text
from tcm.cli import merge_patches
from tcm.errors import DataError
from tests.conftest import oracle_file


def detections(path):
    return dota.read_detections(TextFile(path.name, path.read_text()))


def test_merged_detections_are_the_devkits(tmp_path, capsys):
    folder = oracle_file("rotated/merge")
    out = tmp_path / "merged"
    assert merge_patches.main([str(folder / "patches"), "--rule", "devkit", "--out", str(out)]) == 0
    expected = sorted((folder / "merged_devkit").iterdir())
    assert expected
    for file in expected:
        ours, theirs = detections(out / file.name), detections(file)
        assert ours.images == theirs.images
        assert np.array_equal(ours.scores, theirs.scores)
        assert np.abs(ours.polygons - theirs.polygons).max() < 1e-6
    assert "rule devkit, overlaps above 0.3 suppressed" in capsys.readouterr().out


def test_an_empty_class_stays_and_a_wrong_name_is_named_with_its_file(tmp_path):
    folder = tmp_path / "patches"
    folder.mkdir()
    (folder / "Task1_ship.txt").write_text("")
    arguments = [str(folder), "--rule", "mmrotate", "--out", str(tmp_path / "merged")]
    merge_patches.main(arguments)
    assert read_text(tmp_path / "merged" / "Task1_ship.txt").content == ""
    (folder / "Task1_ship.txt").write_text("P1 0.5 0 0 9 0 9 9 0 9\n")
    with pytest.raises(DataError, match="patches/Task1_ship.txt: 'P1' is no patch"):
        merge_patches.main(arguments)


def test_results_are_not_replaced_by_themselves(tmp_path):
    folder = tmp_path / "patches"
    folder.mkdir()
    (folder / "Task1_ship.txt").write_text("P1__1024__0___0 0.5 0 0 9 0 9 9 0 9\n")
    with pytest.raises(DataError, match="--out would replace it, which is read"):
        merge_patches.main([str(folder), "--rule", "mmrotate", "--out", str(folder)])
