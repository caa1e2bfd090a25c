import json
import zipfile

import numpy as np
import pytest

from tcm.annotations import dota
from tcm.annotations.files import read_text
from tcm.cli import evaluate
from tcm.errors import ConfigError, DataError
from tcm.evaluation.dota_task1 import DOTATask1
from tcm.evaluation.foreign.output import SystemOutput
from tcm.structures import TextInstances
from tests.conftest import oracle_file, real_data

RULES = {"voc07": "07", "area": "area"}
SHIP = dota.CLASSES["v1.0"].index("ship")


def oracle(side, rule="voc07", **options):
    """The scores of detections of the oracle, and what the devkit found."""
    folder = oracle_file("rotated/devkit_ap/expected.json").parent
    metric = DOTATask1(rule=rule, imageset=str(folder / "imageset.txt"), **options)
    found = metric.evaluate_archives(folder / "labelTxt", folder / side, "all")
    return found, json.loads((folder / "expected.json").read_text())


@pytest.mark.parametrize("rule", RULES)
def test_precisions_are_the_devkits(rule):
    found, stored = oracle("distinct", rule)
    figures, expected, key = found.as_dict(), stored["distinct"], RULES[rule]
    for name in stored["positives"]:
        assert figures[f"{name}.truths"] == stored["positives"][name]
        for iou in (50, 75):
            figure = expected[name][f"ap_{key}_iou{iou / 100}"]
            assert figures[f"{name}.ap_{iou}"] == pytest.approx(figure, abs=1e-9)
    assert found.map_50 == pytest.approx(expected[f"map_{key}_iou0.5"], abs=1e-9)
    assert found.map_75 == pytest.approx(expected[f"map_{key}_iou0.75"], abs=1e-9)


@pytest.mark.parametrize("rule", RULES)
def test_rounded_scores_differ_by_the_order_of_ties_alone(rule):
    found, stored = oracle("two_decimals", rule)
    expected = stored["two_decimals"]
    assert found.map_50 == pytest.approx(expected[f"map_{RULES[rule]}_iou0.5"], abs=0.02)
    if rule == "voc07":
        assert found.map_50 == pytest.approx(expected["map_07_iou0.5_stable"], abs=1e-9)


def test_reversed_ties_give_the_devkits_figure_for_them(tmp_path):
    folder = oracle_file("rotated/devkit_ap/expected.json").parent
    for file in (folder / "two_decimals").iterdir():
        lines = file.read_text().splitlines(keepends=True)
        (tmp_path / file.name).write_text("".join(lines[::-1]))
    found = DOTATask1().evaluate_archives(folder / "labelTxt", tmp_path)
    stored = json.loads((folder / "expected.json").read_text())["two_decimals"]
    assert found.map_50 == pytest.approx(stored["map_07_iou0.5_ties_reversed"], abs=1e-9)


def test_real_truths_as_detections_are_perfect(tmp_path):
    folder = real_data("dota") / "labelTxt"
    lines = {}
    for file in folder.iterdir():
        for one in dota.read_objects(read_text(file)):
            corners = " ".join(map(str, one.polygon.ravel().tolist()))
            lines.setdefault(one.name, []).append(f"{file.stem} 0.9 {corners}\n")
    for name, rows in lines.items():
        (tmp_path / f"Task1_{name}.txt").write_text("".join(rows))
    for rule in RULES:
        found = DOTATask1(rule=rule).evaluate_archives(folder, tmp_path)
        assert found.map_50 == found.map_50_95 == pytest.approx(1.0, abs=1e-12)


def quad(x, y=0.0, width=10.0, height=10.0):
    return np.array([[x, y], [x + width, y], [x + width, y + height], [x, y + height]])


def side(polygons, scores=None, labels=None, ignored=None):
    labels = [SHIP] * len(polygons) if labels is None else labels
    return TextInstances(list(polygons), None, ignored, scores, labels)


def scores(found, truths, **options):
    return DOTATask1(**options).evaluate([found], [truths])


def test_exactly_half_is_no_match():
    truths = side([quad(0)])
    assert scores(side([quad(0, width=5)], [0.9]), truths).map_50 == 0.0
    assert scores(side([quad(0, width=5.01)], [0.9]), truths).map_50 == pytest.approx(1.0)


def test_a_second_detection_of_a_truth_is_wrong_though_another_one_is_free():
    truths = side([quad(0), quad(1)])
    found = scores(side([quad(0), quad(0.1)], [0.9, 0.8]), truths, rule="area")
    assert found.map_50 == 0.5  # the second one overlaps the first truth more


def test_a_detection_of_a_difficult_truth_is_neither_right_nor_wrong():
    truths = side([quad(0), quad(50)], ignored=[True, False])
    found = side([quad(0), quad(0), quad(50)], [0.9, 0.8, 0.7])
    assert scores(found, truths, rule="area").map_50 == 1.0
    counted = scores(found, truths, rule="area", difficult="count")
    assert counted.classes[SHIP].truths == 2
    assert counted.map_50 == pytest.approx(0.5 + 0.5 * 2 / 3)


def test_a_recall_of_three_tenths_does_not_reach_the_level():
    truths = side([quad(20 * i) for i in range(10)])
    found = side([quad(20 * i) for i in range(3)], [0.9, 0.8, 0.7])
    assert scores(found, truths).map_50 == pytest.approx(3 / 11)  # 0, 0.1 and 0.2


def test_classes_without_truths_are_left_out_or_count_as_the_devkit_has_them():
    truths, found = side([quad(0)]), side([quad(0), quad(0)], [0.9, 0.8], [SHIP, 0])
    assert scores(found, truths).map_50 == pytest.approx(1.0)
    assert scores(found, truths, absent="count").map_50 == pytest.approx(1 / 15)
    assert np.isnan(scores(found, truths, absent="count", rule="area").map_50)
    report = scores(found, truths, absent="count", rule="area").as_report()
    assert report["map_50"] is None and report["classes"]["plane"]["ap_50"] is None


def test_the_checkpoint_is_chosen_by_ap_at_half():
    found = scores(side([quad(0, width=6)], [0.9]), side([quad(0)]))
    assert list(found.headline) == ["map_50_95", "map_75", "map_50"]
    assert found.map_50 == pytest.approx(1.0) and found.map_75 == 0.0
    assert found.map_50_95 == pytest.approx(0.2)  # at 0.5 and 0.55


def test_every_detection_has_a_score_and_a_known_class():
    with pytest.raises(DataError, match="prediction a/P1.png: detections need scores"):
        DOTATask1().evaluate([side([quad(0)])], [side([])], ["a/P1.png"])
    with pytest.raises(DataError, match="prediction a/P1.png: label 15 is none of 15 classes"):
        DOTATask1().evaluate([side([quad(0)], [0.5], [15])], [side([])], ["a/P1.png"])
    with pytest.raises(ConfigError, match="DOTATask1.classes"):
        DOTATask1(classes=["ship", "ship"])


def scene(seed=0, images=3):
    rng = np.random.default_rng(seed)
    truths, found = [], []
    for _ in range(images):
        boxes = [quad(*rng.uniform(0, 90, 2), *rng.uniform(8, 20, 2)).round() for _ in range(9)]
        labels, difficult = rng.integers(0, 3, 9), rng.random(9) < 0.2
        moved = [box + rng.uniform(-3, 3, 2) for box in boxes]
        truths.append(side(boxes, labels=labels, ignored=difficult))
        found.append(side(moved, np.float32(rng.random(9)), labels))
    return found, truths, [f"images/P{i}.png" for i in range(images)]


def test_a_submission_holds_all_classes_and_scores_as_in_memory(tmp_path):
    found, truths, names = scene()
    metric = DOTATask1()
    for name, truth in zip(names, truths, strict=True):
        rows = zip(truth.polygons, truth.labels, truth.ignored, strict=True)
        lines = [dota.DotaObject(p, metric.classes[k], int(i)) for p, k, i in rows]
        file = tmp_path / "labelTxt" / name.replace("png", "txt").removeprefix("images/")
        file.parent.mkdir(exist_ok=True)
        file.write_text("".join(map(dota.object_line, lines)))
    metric.submission_writer(tmp_path / "results.zip", names, found)
    members = zipfile.ZipFile(tmp_path / "results.zip").namelist()
    assert members == [f"Task1_{name}.txt" for name in metric.classes]
    from_files = metric.evaluate_archives(tmp_path / "labelTxt", tmp_path / "results.zip", "all")
    assert from_files.as_dict() == metric.evaluate(found, truths, names).as_dict()
    assert 0 < from_files.map_50 < 1


def test_names_for_a_submission_are_checked():
    metric = DOTATask1()
    metric.check_names(["a/P1.png", "b/P1.png"])
    with pytest.raises(DataError, match="b/P1.png: a second image P1, beside a/P1.png"):
        metric.check_names(["a/P1.png", "b/P1.png"], submission=True)
    with pytest.raises(DataError, match="'my image'"):
        metric.check_names(["my image.png"], submission=True)


LINE = "0 0 9 0 9 9 0 9 ship 0\n"
DETECTION = "P1 0.5 0 0 9 0 9 9 0 9\n"


def files(tmp_path, truths=LINE, **results):
    for folder in ("gt", "pred"):
        (tmp_path / folder).mkdir()
    (tmp_path / "gt" / "P1.txt").write_text(truths)
    for name, text in results.items():
        (tmp_path / "pred" / f"Task1_{name}.txt").write_text(text)
    return tmp_path / "gt", tmp_path / "pred"


def test_an_empty_file_has_no_detections(tmp_path):
    found = DOTATask1().evaluate_archives(*files(tmp_path, ship=""))
    assert found.map_50 == 0.0 and found.classes[SHIP].truths == 1


def test_a_missing_file_of_a_class_with_truths_is_noted(tmp_path):
    found = DOTATask1().evaluate_archives(*files(tmp_path, plane=""))
    assert "classes with truths and without a result file: ship" in found.notes


def test_an_unknown_image_and_an_unknown_class_are_named(tmp_path):
    sides = files(tmp_path, ship=DETECTION.replace("P1", "P2"))
    with pytest.raises(DataError, match="Task1_ship.txt: image 'P2' has no truths; known: P1"):
        DOTATask1().evaluate_archives(*sides)
    (sides[1] / "Task1_ships.txt").write_text("")
    with pytest.raises(DataError, match="unknown class 'ships'; did you mean 'ship'"):
        DOTATask1().evaluate_archives(*sides)


def test_truths_of_other_classes_are_left_aside_and_misspelt_ones_refused(tmp_path):
    truths = LINE + LINE.replace("ship", "helipad")
    sides = files(tmp_path, truths, ship=DETECTION)
    assert (
        "objects of other classes are left aside: helipad 1"
        in DOTATask1().evaluate_archives(*sides).notes
    )
    (sides[0] / "P1.txt").write_text(LINE.replace("ship", "shib"))
    with pytest.raises(DataError, match="P1.txt: unknown class 'shib'; did you mean 'ship'"):
        DOTATask1().evaluate_archives(*sides)


def test_the_image_set_chooses_the_images(tmp_path):
    sides = files(tmp_path, ship="")
    (sides[0] / "P2.txt").write_text(LINE + LINE)
    (tmp_path / "set.txt").write_text("P2\r\n")
    metric = DOTATask1(imageset=str(tmp_path / "set.txt"))
    assert metric.evaluate_archives(*sides).classes[SHIP].truths == 2
    (tmp_path / "set.txt").write_text("P3\n")
    with pytest.raises(DataError, match="set.txt:1: .* has no truths of 'P3'"):
        metric.evaluate_archives(*sides)


def test_pages_and_other_systems_outputs_are_refused_in_a_line(tmp_path):
    gt, pred = files(tmp_path, ship=DETECTION)
    arguments = ["--protocol", "dota-task1", "--gt", str(gt), "--pred", str(pred)]
    with pytest.raises(ConfigError, match="no pairs of texts to show by the rule 'DOTA Task 1"):
        evaluate.main([*arguments, "--html", str(tmp_path / "page.html")])
    with pytest.raises(ConfigError, match="--from: what other systems have saved are texts"):
        DOTATask1().evaluate_archives(gt, SystemOutput([]))


def test_the_command_prints_the_table_and_writes_all_figures(tmp_path, capsys):
    gt, pred = files(tmp_path, ship=DETECTION)
    out = tmp_path / "scores.json"
    arguments = ["--protocol", "dota-task1", "--gt", str(gt), "--pred", str(pred)]
    evaluate.main([*arguments, "--option", "classes=[plane,ship]", "--json", str(out)])
    printed = capsys.readouterr().out
    assert "map_50 1.0000" in printed and "| ship  |      1 |" in printed
    report = json.loads(out.read_text())
    assert report["classes"]["ship"]["ap"]["0.95"] == pytest.approx(1.0)
    assert report["in_the_mean"] == ["ship"]
