"""Files in the variants that people have: taken in ground truth, refused in submissions."""

import pytest

from tcm.errors import DataError
from tcm.evaluation.protocols import build_protocol
from tests.evaluation.helpers import counts, make_zip

BOX, FAR, IGNORED = "0,0,9,0,9,9,0,9", "20,0,29,0,29,9,20,9", "40,0,49,0,49,9,40,9"
BARE = [f"{BOX},a", f"{FAR},b, c", f"{IGNORED},###"]
QUOTED = [f'{BOX}, "a"', f'{FAR}, "b"', f'{IGNORED}, "###"']
FOUND, FOUND_LTRB = [BOX, IGNORED], ["0,0,9,9", "40,0,49,9"]
XY = {"order": "xy"}
UNMARKED = "the text comes without the marks #### before it"
QUOTES = "quotes around texts are no part of them"
TOTAL_TEXT = "lines x1,y1,...,text stand for Total-Text's own form"

# Of two texts and a don't-care one the first and the last are found.
GROUND_TRUTHS = [
    ("ctw1500", {}, {"1.txt": BARE}, UNMARKED, {"1.txt": FOUND}),
    ("art", {}, {"gt_1.txt": BARE}, UNMARKED, {"res_1.txt": FOUND}),
    ("totaltext-iou", XY, {"poly_gt_img1.txt": BARE}, TOTAL_TEXT, {"img1.txt": FOUND}),
    ("totaltext-deteval", XY, {"img1.jpg.txt": BARE}, TOTAL_TEXT, {"img1.txt": FOUND}),
    ("ctw1500", {}, {"1.txt": QUOTED}, QUOTES, {"1.txt": FOUND}),
    ("totaltext-pascal", XY, {"gt_img1.txt": QUOTED}, QUOTES, {"img1.txt": FOUND}),
    (
        "icdar2015",
        {},
        {"gt_img_1.txt": [f"{BOX},a", "20.5,0,29,0,29,9,20,9,b", f"{IGNORED}, ###"]},
        "corners may have decimals",
        {"res_img_1.txt": FOUND},
    ),
    (
        "icdar2013-deteval",
        {},
        {"gt_img_1.txt": ['0,0,9,9,"a",7', '20,0,29,9, "b", 8', '40,0,49,9,"###",9']},
        "fields after a quoted text are left aside",
        {"res_img_1.txt": FOUND_LTRB},
    ),
    (
        "msra-td500",
        {},
        {"IMG_1.gt": ["0 0 0 0 9 9 0 x", "1 0 20 0 9 9 0 y", "2 1 40 0 9 9 0 z"]},
        "fields behind the angle are left aside",
        {"IMG_1.txt": FOUND},
    ),
]


def archive(path, files):
    return make_zip(path, {name: "\n".join(lines) for name, lines in files.items()})


@pytest.mark.parametrize("name, options, truths, assumed, found", GROUND_TRUTHS)
def test_ground_truth_is_taken_and_what_was_assumed_is_said(
    tmp_path, name, options, truths, assumed, found
):
    paths = archive(tmp_path / "gt.zip", truths), archive(tmp_path / "s.zip", found)
    scores = build_protocol(name, options).evaluate_archives(*paths)
    assert counts(scores) == (1, 2, 1)
    assert any(note.startswith(f"ground truth: {assumed}") for note in scores.notes)


@pytest.mark.parametrize("name, options, truths, assumed, found", GROUND_TRUTHS)
def test_where_all_is_strict_it_is_taken_as_officially(
    tmp_path, name, options, truths, assumed, found
):
    paths = archive(tmp_path / "gt.zip", truths), archive(tmp_path / "s.zip", found)
    if name == "icdar2013-deteval":  # the text is all the rest of the line there
        assert build_protocol(name).evaluate_archives(*paths, "all").truths == 3
    else:
        with pytest.raises(DataError):
            build_protocol(name, options).evaluate_archives(*paths, "all")


OFFICIAL = {"gt_img_1.txt": f"{BOX},a\n{FAR},b"}


@pytest.mark.parametrize(
    "files",
    [
        {"res_img_1.txt": "0,0,9,0,9.2,9,0,9"},
        {"res_img_1.txt": "0,0,0,9,9,9,9,0"},
        {"submit/res_img_1.txt": BOX},
        {"res_img_1.txt": BOX, "__MACOSX/._res_img_1.txt": "x"},
        {"img_1.txt": BOX},
    ],
)
def test_a_submission_is_taken_only_if_nothing_is_strict(tmp_path, files):
    gt = make_zip(tmp_path / "gt.zip", OFFICIAL)
    submit = make_zip(tmp_path / "s.zip", files)
    metric = build_protocol("icdar2015")
    for strict in ("submission", "all"):
        with pytest.raises(DataError):
            metric.evaluate_archives(gt, submit, strict)
    scores = metric.evaluate_archives(gt, submit, "nothing")
    assert counts(scores) == (1, 2, 1)
    assert scores.notes[-1].startswith("detections: ")


def test_images_of_a_set_of_ones_own_may_have_any_names(tmp_path):
    metric = build_protocol("icdar2015")
    gt = make_zip(tmp_path / "gt.zip", {"trip (1).txt": f"{BOX},a", "b.txt": f"{FAR},###"})
    submit = make_zip(tmp_path / "s.zip", {"res_trip (1).txt": BOX, "res_b.txt": FAR})
    scores = metric.evaluate_archives(gt, submit)
    assert counts(scores) == (1, 1, 1)
    assert [note.split(":")[0] for note in scores.notes] == [
        "invalid polygons",
        "ground truth",
        "detections",
    ]
    with pytest.raises(DataError, match="no file name matches"):
        metric.evaluate_archives(gt, submit, "all")
    surplus = make_zip(tmp_path / "t.zip", {"res_img_1.txt": BOX})
    with pytest.raises(DataError, match="t.zip: no ground truth has the id 1"):
        metric.evaluate_archives(gt, surplus)


@pytest.mark.parametrize("name", ["ctw1500-e2e", "totaltext-e2e"])
def test_texts_without_marks_are_compared_too(tmp_path, name):
    gt = make_zip(tmp_path / "gt.zip", {"1.txt": f"{BOX},Hotel\n{FAR},###\n"})
    submit = make_zip(tmp_path / "s.zip", {"1.txt": f"{BOX},####hotel\n{FAR},####x"})
    assert counts(build_protocol(name).evaluate_archives(gt, submit)) == (1, 1, 1)
    bare = make_zip(tmp_path / "t.zip", {"1.txt": f"{BOX},hotel"})
    with pytest.raises(DataError, match="t.zip/1.txt:1: 'x1,y1"):
        build_protocol(name).evaluate_archives(gt, bare)


def test_what_can_be_read_in_two_ways_is_refused(tmp_path):
    gt = make_zip(tmp_path / "gt.zip", {"1.txt": f"{BOX},Hotel\n{FAR},10,20\n"})
    with pytest.raises(DataError, match=r"gt.zip/1.txt:2: a polygon of 5 points, or one of 4"):
        build_protocol("ctw1500").evaluate_archives(gt, gt)


@pytest.mark.parametrize("dont_care, truths", [("orientation", 2), ("unreadable", 1)])
def test_total_text_s_rule_of_don_t_care_is_an_option(tmp_path, dont_care, truths):
    entry = "x: [[{}]], y: [[0 0 9 9]], ornt: [u'c'], transcriptions: [u'{}']\n"
    lines = entry.format("0 9 9 0", "a") + entry.format("20 29 29 20", "#")
    gt = make_zip(tmp_path / "gt.zip", {"poly_gt_img1.txt": lines})
    found = make_zip(tmp_path / "s.zip", {"img1.txt": BOX})
    for name in ("totaltext-iou", "totaltext-deteval", "totaltext-pascal"):
        scores = build_protocol(name, {"dont_care": dont_care}).evaluate_archives(gt, found)
        assert scores.truths == truths
