import json
import zipfile

import numpy as np
import pytest

from tcm.errors import ConfigError
from tcm.evaluation.totaltext_deteval import TotalTextDetEval
from tcm.structures import TextInstances
from tests.conftest import oracle_file
from tests.evaluation.helpers import cared, kept, make_zip, overlap, size, split_scene, square

FOLDER = "recognition_scoring/C_scoring/total_text"


def expected(name):
    return json.loads(oracle_file(f"{FOLDER}/expected.json").read_text(encoding="utf-8"))[name]


def archives():
    return [oracle_file(f"{FOLDER}/{n}") for n in ("groundtruth_mat.zip", "detections.zip")]


def without_some(tmp_path):
    """The detections without the files img*3.txt and img*8.txt."""
    with zipfile.ZipFile(archives()[1]) as archive:
        names = [name for name in archive.namelist() if name[-5] not in "38"]
        return make_zip(tmp_path / "some.zip", {name: archive.read(name) for name in names})


def check(scores, case):
    assert scores.matched == pytest.approx(case["recall_sum"], abs=1e-9)
    assert scores.matched_detections == pytest.approx(case["precision_sum"], abs=1e-9)
    assert (scores.truths, scores.detections) == (case["num_gt"], case["num_det"])
    figures = (scores.precision, scores.recall, scores.hmean)
    official = (case["precision"], case["recall"], case["f_score"])
    assert figures == pytest.approx(official, abs=1e-9)
    each = {f"{i.protocol}.txt": (i.precision, i.recall) for i in scores.images}
    assert set(each) == set(case["per_image_precision_recall"])
    for name, figures in case["per_image_precision_recall"].items():
        assert each[name] == pytest.approx(figures, abs=1e-9), name


@pytest.mark.parametrize(
    "rule, name", [("official", "deteval"), ("pan_pp", "deteval_panpp_variant")]
)
def test_all_figures_are_those_of_the_scripts(rule, name):
    check(TotalTextDetEval(rule=rule).evaluate_archives(*archives()), expected(name))


def test_images_without_a_file_vanish_as_officially_or_count_as_missed(tmp_path):
    paths = archives()[0], without_some(tmp_path)
    scores = TotalTextDetEval().evaluate_archives(*paths)
    check(scores, expected("deteval_files_missing"))
    assert "left out, as officially" in scores.notes[1]
    counted = TotalTextDetEval(skip_missing=False).evaluate_archives(*paths)
    assert counted.truths == expected("deteval")["num_gt"]
    assert counted.matched == scores.matched


def test_the_tables_are_those_of_the_script():
    metric = TotalTextDetEval()
    images, _ = metric.load(*archives())
    official = expected("deteval")["tables"]
    for image in images:
        for name, table in zip(("sigma", "tau"), metric.tables(image), strict=True):
            wanted = np.array(official[f"{image.name}.txt"][name], np.float64)
            np.testing.assert_array_equal(table.ravel(), wanted.ravel())


def score(found, truths, **options):
    scores = TotalTextDetEval(**options).evaluate([TextInstances(found)], [TextInstances(truths)])
    return scores.matched, scores.matched_detections


WIDE = square(0) * [4, 1]  # 40 x 10


def test_splits_and_merges_count_partly():
    halves = [WIDE * [0.5, 1], WIDE * [0.5, 1] + [20, 0]]
    assert score(halves, [WIDE]) == pytest.approx((0.8, 1.6))
    assert score([WIDE], halves) == pytest.approx((1.6, 0.8))
    assert score([WIDE], [WIDE]) == (1, 1)


def test_one_to_one_thresholds_are_strict_on_rounded_values():
    # 28 of 40 columns: sigma is exactly 0.7, tau 1.
    assert score([WIDE * [0.7, 1]], [WIDE]) == (0, 0)
    assert score([WIDE * [0.7, 1]], [WIDE], tr=0.69) == (1, 1)


def test_rounding_decides_only_in_the_official_script():
    wide = square(0) * [100, 10]  # 1000 x 100; 704 columns are 0.7 rounded
    assert score([wide * [0.704, 1]], [wide]) == (0, 0)
    assert score([wide * [0.704, 1]], [wide], rule="pan_pp") == (1, 1)


@pytest.mark.parametrize("rule", ["official", "pan_pp"])
@pytest.mark.parametrize("seed", range(6))
def test_random_scenes_score_as_the_rule_reads(seed, rule):
    predictions, truths = split_scene(np.random.default_rng(seed))
    scores = TotalTextDetEval(rule=rule).evaluate(predictions, truths)
    sums = np.sum([literal(p, t, rule) for p, t in zip(predictions, truths, strict=True)], axis=0)
    got = (scores.matched, scores.matched_detections, scores.truths, scores.detections)
    assert got == pytest.approx(tuple(sums), abs=1e-9)
    assert 0 < scores.hmean < 1


def literal(found, truth, rule):
    """The rule with plain loops; recall sum, precision sum, truths and detections."""
    official = rule == "official"
    tr, tp, fsc = 0.7, 0.6, 0.8
    gts, dets = cared(truth), kept(found, truth, guard=1.0 if official else 0.0)

    def value(x):
        return float(np.round(x, 2)) if official else x

    sigma = [[value(overlap(g, d) / size(g)) for d in dets] for g in gts]
    tau = [[value(overlap(g, d) / size(d)) for d in dets] for g in gts]
    rows, columns = range(len(gts)), range(len(dets))
    used_g, used_d, recall, precision = set(), set(), 0.0, 0.0
    for i in rows:
        a = [j for j in columns if sigma[i][j] > tr]
        b = [j for j in columns if tau[i][j] > tp]
        if len(a) != 1 or len(b) != 1:
            continue
        in_a = [k for k in rows if sigma[k][a[0]] > tr]
        in_b = [k for k in rows if tau[k][b[0]] > tp]
        if not official or (len(in_a) == 1 and len(in_b) == 1):
            recall, precision = recall + 1, precision + 1
            used_g.add(i), used_d.add(a[0])
    for i in rows:
        if i in used_g or sum(sigma[i][j] > 0 for j in columns) < 2:
            continue
        parts = [j for j in columns if j not in used_d and tau[i][j] >= tp]
        if len(parts) == 1:
            if sigma[i][parts[0]] >= tr:
                recall, precision = recall + 1, precision + 1
                used_g.add(i), used_d.update(parts)
        elif sum(sigma[i][j] for j in parts) >= tr:
            recall, precision = recall + fsc, precision + fsc * len(parts)
            used_g.add(i), used_d.update(parts)
    for j in columns:
        if j in used_d or sum(tau[i][j] > 0 for i in rows) < 2:
            continue
        parts = [i for i in rows if i not in used_g and sigma[i][j] >= tp]
        if len(parts) == 1:
            if sigma[parts[0]][j] >= tr and tau[parts[0]][j] >= tp:
                recall, precision = recall + 1, precision + 1
                used_g.update(parts), used_d.add(j)
        elif sum(tau[i][j] for i in parts) >= tp:
            recall, precision = recall + fsc * len(parts), precision + fsc
            used_g.update(parts), used_d.add(j)
    return recall, precision, len(gts), len(dets)


def test_unknown_rules_and_orders_are_refused():
    with pytest.raises(ConfigError, match="rule: .* got 'matlab'"):
        TotalTextDetEval(rule="matlab")
    with pytest.raises(ConfigError, match="order: .* got 'x'"):
        TotalTextDetEval(order="x")
