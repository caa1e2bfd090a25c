"""What holds for every protocol: files and memory agree, and the properties of a fair score."""

import json
import zipfile
from dataclasses import replace

import numpy as np
import pytest

from tcm.errors import ConfigError, DataError
from tcm.evaluation.files.unified import write_predictions
from tcm.evaluation.protocols import PROTOCOLS, build_protocol
from tcm.registry import METRICS
from tcm.structures import TextInstances
from tests.evaluation.helpers import make_zip, split_scene, square, squares

# Of many classes, of word crops, of questions: see their own tests.
OTHERS = {"dota-task1", "words", "ocrbench-v2-answers"}
TEXT_PROTOCOLS = sorted(PROTOCOLS.keys() - OTHERS)
SWEEPS = ("hmean-sweep", "ltb")  # without a submission
VARIANTS = [
    *((name, {}) for name in TEXT_PROTOCOLS if name not in SWEEPS),
    ("ctw1500-voc", {"rule": "pan_pp"}),
    ("icdar2013-deteval", {"rule": "db_deteval"}),
    ("msra-td500", {"rule": "pan_pp"}),
    ("msra-td500", {"rule": "angle"}),
    ("totaltext-deteval", {"rule": "pan_pp"}),
]
# Rules in which no detection gets credit for a text that another one has.
ONE_TO_ONE = [
    *("art", "ctw1500", "ctw1500-e2e", "ctw1500-voc", "icdar2015", "icdar2015-e2e"),
    *("icdar2015-word-spotting", "icdar2017-mlt", "icdar2019-mlt-e2e", "inverse-text"),
    *("coco-text", "hiertext", "inverse-text-e2e", "lsvt-e2e", "optimal", "rctw", "rects"),
    *("ocrbench-v2", "paddleocr-e2e"),
    *("tiou", "tiou-ctw1500", "tiou-totaltext"),
    *("msra-td500", "totaltext-e2e", "totaltext-iou", "totaltext-pascal"),
]
NAMES = {
    **dict.fromkeys(("art", "lsvt-e2e"), "gt_{}.jpg"),
    **dict.fromkeys(("ctw1500", "ctw1500-voc", "tiou-ctw1500"), "10{}.jpg"),
    "coco-text": "COCO_train2014_00000000000{}.jpg",
    "rctw": "image_{}.jpg",
}
JSON = ("art", "coco-text", "hiertext")  # in which others have a zip
each_protocol = pytest.mark.parametrize("name, options", VARIANTS)


def images(name, count):
    return ["test/" + NAMES.get(name, "img_{}.jpg").format(index) for index in range(1, count + 1)]


def scene(seed, name):
    sides = split_scene(np.random.default_rng(seed), turn=0 if "icdar2013" in name else 0.5)
    return tuple([worded(instances) for instances in side] for side in sides)


def worded(instances):
    """The same with texts, which the end-to-end protocols compare."""
    return replace(instances, texts=["word"] * len(instances))


@each_protocol
def test_the_order_of_the_images_does_not_matter(name, options):
    predictions, truths = scene(0, name)
    metric = build_protocol(name, options)
    forward = metric.evaluate(predictions, truths)
    backward = metric.evaluate(predictions[::-1], truths[::-1])
    figures = ("precision", "recall", "hmean", "matched", "truths", "detections")
    for figure in figures:
        assert getattr(forward, figure) == pytest.approx(getattr(backward, figure), abs=1e-12)
    assert forward.hmean > 0


@each_protocol
def test_a_perfect_submission_scores_one(name, options):
    truths = [squares(0, 20, 40, ignored=[2]), TextInstances([square(5, side=30)])]
    if name == "ctw1500-voc":  # knows no don't-care
        truths[0] = squares(0, 20, 40)
    truths = [worded(truth) for truth in truths]
    found = [replace(truth, scores=np.ones(len(truth))) for truth in truths]
    scores = build_protocol(name, options).evaluate(found, truths)
    assert scores.recall == 1
    assert scores.hmean == 1 or options.get("rule") == "pan_pp"  # all detections count there


@pytest.mark.parametrize("name", ONE_TO_ONE)
@pytest.mark.parametrize("seed", range(3))
def test_duplicates_never_raise_precision(name, seed):
    predictions, truths = scene(seed, name)
    metric = build_protocol(name)
    doubled = [p.select(np.repeat(np.arange(len(p)), 2)) for p in predictions]
    appended = [p.select([*range(len(p)), *range(min(1, len(p)))]) for p in predictions]
    before = metric.evaluate(predictions, truths).precision
    assert metric.evaluate(doubled, truths).precision < before
    assert metric.evaluate(appended, truths).precision <= before


@each_protocol
def test_the_written_submission_scores_as_in_memory(tmp_path, name, options):
    predictions, truths = scene(2, name)
    metric = build_protocol(name, options)
    paths = images(name, len(truths))
    submission = tmp_path / ("s.json" if name in JSON else "s.zip")
    metric.submission_writer(submission, paths, predictions)
    write_predictions(tmp_path / "gt.json", paths, truths)
    in_memory = metric.evaluate(predictions, truths)
    from_files = metric.evaluate_archives(tmp_path / "gt.json", submission)
    assert from_files.as_dict() == pytest.approx(in_memory.as_dict(), abs=1e-12)
    assert in_memory.matched > 0
    write_predictions(tmp_path / "pred.json", paths, predictions)
    from_json = metric.evaluate_archives(tmp_path / "gt.json", tmp_path / "pred.json")
    assert from_json.as_dict() == pytest.approx(in_memory.as_dict(), abs=1e-12)


@pytest.mark.parametrize(
    "name, options, member, line",
    [
        ("icdar2015", {}, "res_img_1.txt", "0,1,20,1,20,9,0,9"),
        ("icdar2015", {"confidences": True}, "res_img_1.txt", "0,1,20,1,20,9,0,9,0.25"),
        ("icdar2017-mlt", {"confidences": True}, "res_img_1.txt", "0,1,20,1,20,9,0,9,0.25"),
        ("icdar2013-deteval", {}, "res_img_1.txt", "0,1,20,9"),
        ("totaltext-deteval", {}, "img_1.txt", "1,0,1,20,9,20,9,0"),
        ("totaltext-iou", {"order": "xy"}, "img_1.txt", "0,1,20,1,20,9,0,9"),
        ("ctw1500", {}, "img_1.txt", "0,1,20,1,20,9,0,9"),
        ("ctw1500-voc", {"rule": "pan_pp"}, "img_1.txt", "1,0,1,20,9,20,9,0"),
        ("msra-td500", {}, "img_1.txt", "0,1,20,1,20,9,0,9"),
        ("msra-td500", {"rule": "angle"}, "res_img_1.txt", "0,1,20,9,0.0000"),
        ("icdar2015-e2e", {}, "res_img_1.txt", "0,1,20,1,20,9,0,9,a,b"),
        ("icdar2015-e2e", {"confidences": True}, "res_img_1.txt", "0,1,20,1,20,9,0,9,0.25,a,b"),
        ("totaltext-e2e", {}, "0000001.txt", "0,9,20,9,20,1,0,1,####a,b"),
        ("ctw1500-e2e", {}, "0000001.txt", "0,9,20,9,20,1,0,1,####a,b"),
    ],
)
def test_names_and_lines_are_those_of_the_servers_and_scripts(
    tmp_path, name, options, member, line
):
    corners = np.array([[0.4, 0.6], [20.2, 0.6], [20.2, 9.4], [0.4, 9.4]])
    found = TextInstances([corners], texts=["a,b"], scores=[0.25])
    build_protocol(name, options).submission_writer(tmp_path / "s.zip", ["img_1.jpg"], [found])
    with zipfile.ZipFile(tmp_path / "s.zip") as archive:
        assert archive.namelist() == [member]
        assert archive.read(member).decode() == line + "\n"


@pytest.mark.parametrize("name", ["totaltext-iou", "ctw1500", "art"])
def test_curved_outlines_keep_their_points(tmp_path, name):
    octagon = np.array([[3, 0], [7, 0], [10, 3], [10, 7], [7, 10], [3, 10], [0, 7], [0, 3]])
    metric = build_protocol(name)
    assert len(metric.take_detections(TextInstances([octagon])).polygons[0]) == 8
    quads = build_protocol("msra-td500").take_detections(TextInstances([octagon]))
    assert len(quads.polygons[0]) == 4


def test_a_missing_result_counts_as_empty_and_a_surplus_one_is_an_error(tmp_path):
    line = "0,0,9,0,9,9,0,9"
    gt = make_zip(tmp_path / "gt.zip", {f"gt_img_{n}.txt": line + ",a" for n in (1, 2)})
    submit = make_zip(tmp_path / "s.zip", {"res_img_2.txt": line})
    scores = build_protocol("icdar2015").evaluate_archives(gt, submit)
    assert (scores.matched, scores.truths, scores.detections) == (1, 2, 1)
    assert scores.notes[1] == "images without a result file: 1, counted without detections"
    surplus = make_zip(tmp_path / "more.zip", {"res_img_3.txt": line})
    with pytest.raises(DataError, match="more.zip: no ground truth has the id 3"):
        build_protocol("icdar2015").evaluate_archives(gt, surplus)


def test_invalid_outlines_are_counted():
    bow_tie = TextInstances([np.array([[0, 0], [10, 10], [10, 0], [0, 10]])])
    (note,) = build_protocol("ctw1500").evaluate([bow_tie, squares(0)], [squares(0)] * 2).notes
    assert note.startswith("invalid polygons: 0 ground truths, 1 detections, kept")


def test_mistakes_in_predictions_name_the_image(tmp_path):
    line = TextInstances([np.zeros((2, 2))])
    with pytest.raises(DataError, match="prediction 1: polygon 0 is no polygon"):
        build_protocol("ctw1500").evaluate([squares(0), line], [squares(0)] * 2)
    with pytest.raises(DataError, match="b.jpg: polygon 0 is no polygon"):
        build_protocol("ctw1500").submission_writer(tmp_path / "s.zip", ["b.jpg"], [line])
    with pytest.raises(DataError, match="c/b.png: a second image for b.txt, beside a/b.jpg"):
        metric = build_protocol("totaltext-iou")
        metric.submission_writer(tmp_path / "s.zip", ["a/b.jpg", "c/b.png"], [squares()] * 2)


def test_two_images_with_one_id_are_refused(tmp_path):
    content = {"data_list": [{"img_path": name, "instances": []} for name in ("img_1", "1")]}
    (tmp_path / "gt.json").write_text(json.dumps(content))
    with pytest.raises(DataError, match="gt.json: a second image with the id 1"):
        build_protocol("icdar2015").evaluate_archives(tmp_path / "gt.json", tmp_path / "gt.json")


@each_protocol
def test_every_protocol_is_registered_and_names_its_rule_in_one_line(name, options):
    metric = build_protocol(name, options)
    assert type(metric).__name__ in METRICS
    assert metric.protocol and "\n" not in metric.protocol


@pytest.mark.parametrize("name", TEXT_PROTOCOLS)
def test_names_of_images_change_no_figure_without_a_strong_lexicon(name):
    predictions, truths = scene(4, name)
    metric = build_protocol(name)
    own = [f"trip {i}/DSC (0{i % 2}).jpg" for i in range(len(truths))]
    for names in (images(name, len(truths)), own):
        named = metric.evaluate(predictions, truths, names)
        assert named.as_dict() == metric.evaluate(predictions, truths).as_dict()
    assert named.detections > 0


@pytest.mark.parametrize("name", [n for n in TEXT_PROTOCOLS if n not in SWEEPS])
def test_names_are_checked_for_a_submission_alone(name):
    metric = build_protocol(name)
    metric.check_names(["a/trip.jpg", "b/trip.jpg"])
    metric.check_names(images(name, 2), submission=True)
    with pytest.raises(DataError, match=r"trip.jpg: a (name .* is wanted, to write|second image)"):
        metric.check_names(["a/trip.jpg", "b/trip.jpg"], submission=True)


def test_unknown_names_and_options_are_refused():
    with pytest.raises(ConfigError, match="unknown protocol 'totaltext'; did you mean"):
        build_protocol("totaltext")
    with pytest.raises(ConfigError, match="option.tt: TotalTextDetEval takes no argument 'tt'"):
        build_protocol("totaltext-deteval", {"tt": 1})


@each_protocol
def test_the_arguments_are_left_alone(name, options):
    predictions, truths = scene(3, name)
    before = [p.copy() for instances in predictions + truths for p in instances.polygons]
    build_protocol(name, options).evaluate(predictions, truths)
    after = [p for instances in predictions + truths for p in instances.polygons]
    assert all(np.array_equal(a, b) for a, b in zip(before, after, strict=True))
