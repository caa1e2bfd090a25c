import json

import numpy as np
import pytest

from tcm.errors import ConfigError, DataError
from tcm.evaluation.icdar2013_deteval import ICDAR2013DetEval
from tcm.structures import TextInstances
from tests.conftest import oracle_file
from tests.evaluation.helpers import make_zip, overlap, size, split_scene

FOLDER = "recognition_scoring/C_scoring/icdar2013_deteval"
RELATIVES = {
    "db_deteval": "db_deteval",
    "db_icdar2013": "db_icdar2013_log_helper_stubbed",
    "db_mtwi2018": "db_mtwi2018",
}


def expected(name):
    return json.loads(oracle_file(f"{FOLDER}/expected.json").read_text(encoding="utf-8"))[name]


def scored(**options):
    archives = [oracle_file(f"{FOLDER}/{name}") for name in ("gt.zip", "submit.zip")]
    return ICDAR2013DetEval(**options).evaluate_archives(*archives)


def box(left, top, right, bottom):
    return np.array([[left, top], [right, top], [right, bottom], [left, bottom]], np.float32)


def official_pairs(pairs):
    def indices(value):
        return value if isinstance(value, list) else [value]

    return [(pair["type"], indices(pair["gt"]), indices(pair["det"])) for pair in pairs]


def check_totals(scores, figures, sums):
    assert scores.matched == pytest.approx(sums["recall_sum"], abs=1e-9)
    assert scores.matched_detections == pytest.approx(sums["precision_sum"], abs=1e-9)
    assert (scores.truths, scores.detections) == (sums["care_gt"], sums["care_det"])
    for figure in ("precision", "recall", "hmean"):
        assert getattr(scores, figure) == pytest.approx(figures[figure], abs=1e-9)


def test_the_totals_are_the_official_ones():
    case = expected("rrc_deteval")
    check_totals(scored(), case["method"], case["sums"])


def test_every_image_has_the_official_pairs():
    official = expected("rrc_deteval")["per_sample"]
    scores = scored()
    assert {image.name for image in scores.images} == set(official)
    for image in scores.images:
        sample = official[image.name]
        assert image.pairs == official_pairs(sample["pairs"]), image.name
        assert np.flatnonzero(image.ignored_truths).tolist() == sample["gtDontCare"]
        assert np.flatnonzero(image.ignored_detections).tolist() == sample["detDontCare"]


@pytest.mark.parametrize("rule", RELATIVES)
def test_the_relatives_have_their_own_totals(rule):
    case = expected(RELATIVES[rule])
    check_totals(scored(rule=rule), case, case)


def test_the_pairs_of_db_deteval_are_known_too():
    official = expected("db_deteval")["pairs"]
    for image in scored(rule="db_deteval").images:
        assert image.pairs == official_pairs(official[image.name]), image.name


@pytest.mark.parametrize(
    "found, truths, sums",
    [
        ([box(0, 0, 99, 29)], [box(0, 0, 99, 29)], (1, 1)),
        ([box(0, 0, 49, 29), box(50, 0, 99, 29)], [box(0, 0, 99, 29)], (0.8, 1.6)),
        ([box(0, 0, 319, 29)], [box(0, 0, 99, 29), box(220, 0, 319, 29)], (2, 1)),
        ([box(0, 0, 99, 29), box(0, 0, 99, 29)], [box(0, 0, 99, 29)], (0.8, 1.6)),
        # A recall of exactly 0.8 with the last pixels counted: 80 of 100 columns.
        ([box(0, 0, 79, 29)], [box(0, 0, 99, 29)], (1, 1)),
        ([box(0, 0, 78, 29)], [box(0, 0, 99, 29)], (0, 0)),
    ],
)
def test_splits_merges_and_thresholds_by_hand(found, truths, sums):
    scores = ICDAR2013DetEval().evaluate([TextInstances(found)], [TextInstances(truths)])
    assert (scores.matched, scores.matched_detections) == pytest.approx(sums, abs=1e-12)


@pytest.mark.parametrize(
    "rule, sums",
    [
        ("rrc", (1, 1)),
        ("db_icdar2013", (1, 1)),
        ("db_mtwi2018", (1, 1)),
        ("db_deteval", (0.8, 1.6)),
    ],
)
def test_only_db_deteval_takes_a_fit_with_a_fragment_inside_for_a_split(rule, sums):
    found = [box(0, 0, 100, 30), box(40, 10, 60, 20)]
    scores = ICDAR2013DetEval(rule).evaluate([TextInstances(found)], [TextInstances(found[:1])])
    assert (scores.matched, scores.matched_detections) == pytest.approx(sums, abs=1e-12)


@pytest.mark.parametrize("rule, counts", [("rrc", (2, 2)), *((name, (1, 1)) for name in RELATIVES)])
def test_the_relatives_leave_out_what_has_no_area(rule, counts):
    line = TextInstances([box(0, 0, 100, 30), box(200, 0, 200, 30)])
    scores = ICDAR2013DetEval(rule).evaluate([line], [line])
    assert (scores.truths, scores.detections) == counts
    assert scores.recall == 1


def test_polygons_stand_for_their_rounded_bounding_boxes():
    tilted = np.array([[5, 0.4], [10.4, 5], [5, 9.6], [-0.4, 5]])
    scores = ICDAR2013DetEval().evaluate([TextInstances([tilted])], [TextInstances([tilted])])
    assert (scores.matched, scores.recall, scores.precision) == (1, 1, 1)


@pytest.mark.parametrize("seed", range(6))
def test_random_scenes_score_as_the_rule_reads(seed):
    predictions, truths = split_scene(np.random.default_rng(seed), turn=0)
    scores = ICDAR2013DetEval().evaluate(predictions, truths)
    sums = np.sum([literal(p, t) for p, t in zip(predictions, truths, strict=True)], axis=0)
    got = (scores.matched, scores.matched_detections, scores.truths, scores.detections)
    assert got == pytest.approx(tuple(sums), abs=1e-9)


def test_the_random_scenes_hold_all_kinds_of_matches():
    scenes = [split_scene(np.random.default_rng(seed), turn=0) for seed in range(6)]
    images = [image for scene in scenes for image in ICDAR2013DetEval().evaluate(*scene).images]
    assert {pair[0] for image in images for pair in image.pairs} == {"OO", "OM", "MO"}


def literal(found, truth):
    """The rule with plain loops; recall sum, precision sum, counted truths and detections."""

    def pixels(a):
        return set(
            (x, y)
            for x in range(int(a[:, 0].min()), int(a[:, 0].max()) + 1)
            for y in range(int(a[:, 1].min()), int(a[:, 1].max()) + 1)
        )

    def middle_and_diagonal(a):
        (left, top), (right, bottom) = a.min(axis=0), a.max(axis=0)
        w, h = right - left + 1, bottom - top + 1
        return np.array([left + w / 2, top + h / 2]), np.hypot(w, h)

    gts, dets = [pixels(a) for a in truth.polygons], [pixels(a) for a in found.polygons]
    rec = [[len(g & d) / len(g) for d in dets] for g in gts]
    pre = [[len(g & d) / len(d) for d in dets] for g in gts]
    care_g = [i for i in range(len(gts)) if not truth.ignored[i]]
    care_d = [
        j
        for j in range(len(dets))
        if not any(pre[i][j] > 0.4 for i in range(len(gts)) if truth.ignored[i])
    ]
    used_g, used_d, total_r, total_p = set(), set(), 0.0, 0.0

    def fits(i, j):
        return rec[i][j] >= 0.8 and pre[i][j] >= 0.4

    for i in care_g:
        for j in care_d:
            row = [k for k in range(len(dets)) if fits(i, k)]
            column = [k for k in range(len(gts)) if fits(k, j)]
            if row != [j] or column != [i] or i in used_g or j in used_d:
                continue
            (ca, da), (cb, db) = map(middle_and_diagonal, (truth.polygons[i], found.polygons[j]))
            if 2 * np.linalg.norm(ca - cb) / (da + db) < 1:
                used_g.add(i), used_d.add(j)
                total_r, total_p = total_r + 1, total_p + 1
    for i in care_g:
        parts = [j for j in care_d if j not in used_d and pre[i][j] >= 0.4]
        if i not in used_g and sum(rec[i][j] for j in parts) >= 0.8:
            used_g.add(i), used_d.update(parts)
            total_r, total_p = total_r + 0.8, total_p + 0.8 * len(parts)
    for j in care_d:
        parts = [i for i in care_g if i not in used_g and rec[i][j] >= 0.8]
        if j not in used_d and sum(pre[i][j] for i in parts) >= 0.4:
            used_d.add(j), used_g.update(parts)
            total_r, total_p = total_r + len(parts), total_p + 1
    return total_r, total_p, len(care_g), len(care_d)


@pytest.mark.parametrize("rule", RELATIVES)
@pytest.mark.parametrize("seed", range(4))
def test_random_scenes_score_as_the_relatives_read(seed, rule):
    predictions, truths = split_scene(np.random.default_rng(seed), turn=0)
    scores = ICDAR2013DetEval(rule).evaluate(predictions, truths)
    sums = np.sum(
        [literal_relative(p, t, rule) for p, t in zip(predictions, truths, strict=True)], axis=0
    )
    got = (scores.matched, scores.matched_detections, scores.truths, scores.detections)
    assert got == pytest.approx(tuple(sums), abs=1e-9)


def literal_relative(found, truth, rule):
    """The relatives' rule with plain loops, centres always near; results as of `literal`."""
    tr, tp, share = (0.7, 0.7, 0.5) if rule == "db_mtwi2018" else (0.8, 0.4, 0.4)
    whole = rule == "db_deteval"
    gts, dets = truth.polygons, found.polygons
    care_g = [i for i in range(len(gts)) if not truth.ignored[i]]
    dropped = [i for i in range(len(gts)) if truth.ignored[i]]
    care_d = [
        j for j, d in enumerate(dets) if all(overlap(gts[i], d) / size(d) <= share for i in dropped)
    ]
    rec = {(i, j): overlap(g, d) / size(g) for i, g in enumerate(gts) for j, d in enumerate(dets)}
    pre = {(i, j): overlap(g, d) / size(d) for i, g in enumerate(gts) for j, d in enumerate(dets)}
    fits = {key for key in rec if rec[key] >= tr and pre[key] >= tp}
    touched_g = {i: sum(rec[i, j] > 0 for j in care_d) for i in care_g}
    touched_d = {j: sum(rec[i, j] > 0 for i in care_g) for j in care_d}
    used_g, used_d, total_r, total_p = set(), set(), 0.0, 0.0
    for i, j in sorted((i, j) for i, j in fits if i in care_g and j in care_d):
        alone = sum(key[0] == i for key in fits) == 1 == sum(key[1] == j for key in fits)
        if alone and (not whole or touched_g[i] == 1 == touched_d[j]):
            used_g.add(i), used_d.add(j)
            total_r, total_p = total_r + 1, total_p + 1
    for i in care_g:
        parts = [j for j in care_d if j not in used_d and pre[i, j] >= tp]
        if i in used_g or round(sum(rec[i, j] for j in parts), 4) < tr:
            continue
        if not whole or touched_g[i] >= 2:
            used_g.add(i), used_d.update(parts)
            total_r, total_p = total_r + credit(rule, 1, parts), total_p + credit(rule, 0, parts)
    for j in care_d:
        parts = [i for i in care_g if i not in used_g and rec[i, j] >= tr]
        if j in used_d or round(sum(pre[i, j] for i in parts), 4) < tp:
            continue
        if not whole or touched_d[j] >= 2:
            used_d.add(j), used_g.update(parts)
            logarithmic = len(parts) / (1 + np.log(len(parts)))
            total_r += logarithmic if rule == "db_mtwi2018" else len(parts)
            total_p += 1
    return total_r, total_p, len(care_g), len(care_d)


def credit(rule, single, parts):
    """What a split of a text adds: for the text if `single`, else for its parts."""
    if len(parts) == 1:
        return 1
    if rule == "db_mtwi2018":
        return 1 if single else len(parts) / (1 + np.log(len(parts)))
    return 0.8 if single else 0.8 * len(parts)


def test_the_training_set_separates_by_blanks(tmp_path):
    gt = make_zip(tmp_path / "gt.zip", {"gt_img_1.txt": '0 0 9 9 "a, b"\r\n20 0 29 9 "###"'})
    submit = make_zip(tmp_path / "s.zip", {"res_img_1.txt": "0,0,9,9\n20,0,29,9"})
    scores = ICDAR2013DetEval().evaluate_archives(gt, submit)
    assert (scores.matched, scores.truths, scores.detections) == (1, 1, 1)


def test_mistakes_are_named(tmp_path):
    with pytest.raises(ConfigError, match="got 'db_detevl'; did you mean 'db_deteval'"):
        ICDAR2013DetEval(rule="db_detevl")
    gt = make_zip(tmp_path / "gt.zip", {"gt_img_1.txt": '9,0,0,9,"a"'})
    with pytest.raises(DataError, match=r"gt_img_1.txt:1: xmax < xmin"):
        ICDAR2013DetEval().evaluate_archives(gt, gt)
