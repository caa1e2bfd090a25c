from pathlib import Path

import pytest

from tcm.annotations import unified
from tcm.annotations.files import rectangle
from tcm.annotations.instance import Instance
from tcm.annotations.unified import ImageEntry
from tcm.data.prepare import preannotate
from tcm.errors import ConfigError, DataError
from tests.data.formats.raw_files import HEIGHT, WIDTH, write_image

SCORES = {"x/a.png": [0.5, 0.9], "x/b.png": [], "y/c.png": [0.6, 0.6], "y/d.png": [0.5, 1.0]}


def predictions_file(folder: Path, scores=SCORES) -> Path:
    entries = []
    for name, values in scores.items():
        write_image(folder / name)
        words = [Instance(rectangle(1, 2, 9, 8), "a", confidence=score) for score in values]
        entries.append(ImageEntry(name, None, None, words))
    unified.write(folder / "predictions.json", entries)
    return folder / "predictions.json"


@pytest.mark.parametrize(("order", "names"), [("least", "adcb"), ("mean", "cadb")])
def test_the_least_certain_come_first_and_images_without_a_word_last(order, names, tmp_path):
    found = preannotate.predictions(predictions_file(tmp_path), order)
    assert "".join(one.path.stem for one in found) == names
    assert found[0][1:3] == (HEIGHT, WIDTH)
    assert found[-1].certainty is None


def test_images_are_looked_for_beside_the_file_and_where_the_program_runs(tmp_path, monkeypatch):
    path = predictions_file(tmp_path)
    (tmp_path / "out").mkdir()
    moved = path.rename(tmp_path / "out" / path.name)
    with pytest.raises(DataError, match=r"data_list\[0\]: there is no image x/a.png in .*out or ."):
        preannotate.predictions(moved)
    assert len(preannotate.predictions(moved, img_root=tmp_path)) == 4
    monkeypatch.chdir(tmp_path)
    assert len(preannotate.predictions(moved)) == 4


def test_names_that_a_tool_cannot_tell_apart_are_refused(tmp_path):
    scores = {"x/p/a.png": [0.5], "y/p/a.png": [0.5]}
    found = preannotate.predictions(predictions_file(tmp_path, scores))
    with pytest.raises(DataError, match="x/p/a.png would have the same name, 'a.json'"):
        preannotate.labelme_names(found)
    with pytest.raises(DataError, match="x/p/a.png would have the same name, 'p/a.png'"):
        preannotate.to_ppocrlabel(found, tmp_path / "Label.txt")
    with pytest.raises(DataError, match="is not in .*x, from where images are to be served"):
        preannotate.to_labelstudio(found, tmp_path / "a.json", tmp_path / "x")
    assert not (tmp_path / "Label.txt").exists() and not (tmp_path / "a.json").exists()


def test_an_unknown_order_is_named(tmp_path):
    with pytest.raises(ConfigError, match="unknown 'leest'; did you mean 'least'"):
        preannotate.predictions(tmp_path, "leest")
