import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from tcm.annotations import unified as annotations
from tcm.annotations.unified import ImageEntry
from tcm.cli import export_labels, import_labels, prepare_data
from tcm.data.formats import unified
from tcm.data.formats.rrc import read_quads
from tcm.errors import ConfigError, DataError, OutputError
from tests.conftest import real_data
from tests.data.formats.raw_files import write_image
from tests.data.formats.test_label_tools import cvat_file, labelme
from tests.data.prepare.test_preannotate import predictions_file

IMAGES = 30


def test_counts_are_printed_and_paths_are_from_the_file(tmp_path, capsys):
    for name in ("a.png", "b.png"):
        write_image(tmp_path / "photos" / name)
    cvat_file(tmp_path / "photos", "a.png", "b.png")
    out = tmp_path / "sets" / "mine.json"
    assert import_labels.main(["--from", "cvat", str(tmp_path / "photos"), "--out", str(out)]) == 0
    assert capsys.readouterr().out.splitlines() == [
        f"{out}: 2 images, 2 words, 2 with a text, 0 ignored",
        "left out: nothing",
    ]
    names = [entry["img_path"] for entry in json.loads(out.read_text())["data_list"]]
    assert names == ["../photos/a.png", "../photos/b.png"]


def test_a_split_is_disjoint_whole_and_can_be_repeated(tmp_path):
    names = [f"{i}.png" for i in range(12)]
    for name in names:
        write_image(tmp_path / name)
    cvat_file(tmp_path, *names)
    arguments = ["--from", "cvat", str(tmp_path), "--out", str(tmp_path / "mine.json")]
    for _ in range(2):
        import_labels.main([*arguments, "--split", "0.5"])
    parts = [unified.read(tmp_path / f"mine_{part}.json") for part in ("train", "val")]
    found = [record.id for part in parts for record in part]
    assert sorted(found) == sorted(names) and all(parts)
    assert not (tmp_path / "mine.json").exists()


def test_its_own_output_among_the_labels_is_no_label(tmp_path):
    write_image(tmp_path / "a.png")
    labelme(tmp_path)
    arguments = ["--from", "labelme", str(tmp_path), "--out", str(tmp_path / "train.json")]
    for _ in range(2):
        assert import_labels.main(arguments) == 0


def test_nothing_that_is_not_its_own_is_replaced(tmp_path):
    write_image(tmp_path / "a.png")
    path = labelme(tmp_path)
    before = path.read_bytes()
    for raw in (path, tmp_path):
        with pytest.raises((DataError, OutputError), match="a.json"):
            import_labels.main(["--from", "labelme", str(raw), "--out", str(path)])
    assert path.read_bytes() == before


@pytest.mark.parametrize("share", ["0", "1", "nan", "x"])
def test_a_share_is_between_none_and_all(share, tmp_path, capsys):
    with pytest.raises(SystemExit):
        import_labels.main(["--from", "via", "a", "--out", "b", "--split", share])
    assert "a number" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("tool", "out"), [("ppocrlabel", "Label.txt"), ("labelstudio", "a.json"), ("labelme", "out")]
)
def test_predictions_are_written_the_least_certain_first(tool, out, tmp_path, capsys):
    file = predictions_file(tmp_path)
    arguments = ["--to", tool, str(file), "--out", str(tmp_path / out)]
    for _ in range(2):
        assert export_labels.main(arguments) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == f"{tmp_path / out}: 4 images, 6 words"
    assert lines[1:3] == [f"  0.500 {tmp_path / 'x/a.png'}", f"  0.500 {tmp_path / 'y/d.png'}"]
    if tool == "labelme":
        order = (tmp_path / "out/order.txt").read_text().splitlines()
        assert [line.split("/")[-1] for line in order] == ["a.png", "d.png", "c.png", "b.png"]
        assert json.loads((tmp_path / "out/a.json").read_text())["imagePath"] == "../x/a.png"
    else:
        content = (tmp_path / out).read_text()
        assert content.index("a.png") < content.index("d.png") < content.index("c.png")


def test_labelstudio_alone_serves_files(tmp_path):
    with pytest.raises(ConfigError, match="labelme has no option --served"):
        export_labels.main(["--to", "labelme", "a.json", "--out", "b", "--served", "c"])


def test_crops_are_cut_from_predictions_which_have_no_sizes(tmp_path, capsys, monkeypatch):
    predictions_file(tmp_path, {"x/a.png": [0.5, 0.9]}).rename(tmp_path / "x" / "predictions.json")
    monkeypatch.chdir(tmp_path)
    given = ["crops", "--ann", "x/predictions.json", "--out", "crops"]
    assert prepare_data.main(given) == 0
    assert "2 words cut" in capsys.readouterr().out
    assert len((tmp_path / "crops/labels.txt").read_text().splitlines()) == 2


@pytest.fixture(
    scope="module",
    # Decoding the images takes longer than the labels, which are the real ones in both.
    params=["blank", pytest.param("real", marks=pytest.mark.slow)],
)
def icdar2015_file(tmp_path_factory, request):
    """Return the labels of 30 images of ICDAR2015 as predictions, and what they hold."""
    raw = real_data("icdar2015")
    folder = tmp_path_factory.mktemp("icdar2015") / "images"
    blank = cv2.imencode(".webp", np.zeros((720, 1280), np.uint8))[1].tobytes()
    entries = []
    for number in range(1, IMAGES + 1):
        image = raw / f"ch4_training_images/img_{number}.jpg"
        words = read_quads(raw / f"ch4_training_localization_transcription_gt/gt_{image.stem}.txt")
        entries.append(ImageEntry(image.name, None, None, words))
        folder.mkdir(exist_ok=True)
        (folder / image.name).write_bytes(image.read_bytes() if request.param == "real" else blank)
    annotations.write(folder / "predictions.json", entries)
    found = unified.read_predictions(folder / "predictions.json")
    return folder / "predictions.json", {record.id: record.instances for record in found}


@pytest.mark.parametrize("tool", ["ppocrlabel", "labelstudio", "labelme"])
def test_thirty_images_come_back_as_they_went(tool, icdar2015_file, tmp_path):
    file, expected = icdar2015_file
    out = file.parent / "Label.txt" if tool == "ppocrlabel" else tmp_path / tool
    export_labels.main(["--to", tool, str(file), "--out", str(out)])
    given = [str(out), "--out", str(tmp_path / "back.json"), "--images", str(file.parent)]
    given += ["--predictions"] if tool == "labelstudio" else []
    import_labels.main(["--from", tool, *given])
    back = {Path(record.id).name: record for record in unified.read(tmp_path / "back.json")}
    assert back.keys() == expected.keys() and len(back) == IMAGES
    for name, words in expected.items():
        found = back[name].instances
        assert found.texts == words.texts
        assert found.ignored.tolist() == words.ignored.tolist()
        assert len(found) == len(words)
        # Percents are written with 17 digits: equal bit for bit once they are float32 again.
        for one, other in zip(found.polygons, words.polygons, strict=True):
            np.testing.assert_array_equal(one, other)
