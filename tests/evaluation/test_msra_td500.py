import json
from math import pi

import numpy as np
import pytest

from tcm.annotations.instance import Rectangle
from tcm.errors import ConfigError
from tcm.evaluation.matching.image_pair import ImagePair
from tcm.evaluation.msra_td500 import MSRATD500
from tcm.structures import TextInstances
from tests.conftest import oracle_file, real_data
from tests.evaluation.helpers import cared, counts, iou, kept, split_scene, squares

FOLDER = "recognition_scoring/C_scoring/msra_td500"
FIGURES = ("precision", "recall", "hmean")


def expected(name):
    return json.loads(oracle_file(f"{FOLDER}/expected.json").read_text(encoding="utf-8"))[name]


def archives(*names):
    return [oracle_file(f"{FOLDER}/{name}") for name in names]


def test_the_script_of_psenet_and_pan_pp_has_its_own_figures():
    case = expected("pse_panpp")
    scores = MSRATD500(rule="pan_pp").evaluate_archives(*archives("gt.zip", "predictions.zip"))
    assert counts(scores) == (
        case["tp"],
        case["tp"] + case["missed_not_difficult"],
        case["num_det"],
    )
    for figure in FIGURES:
        assert getattr(scores, figure) == pytest.approx(case[figure], abs=1e-9)


def test_the_angle_rule_has_the_pairs_and_figures_of_its_script():
    case = expected("angle_rule")
    metric = MSRATD500(rule="angle")
    scores = metric.evaluate_archives(*archives("angle_gt.zip", "angle_submit.zip"))
    for figure in FIGURES:
        assert getattr(scores, figure) == pytest.approx(case["method"][figure], abs=1e-9)
    assert {image.name for image in scores.images} == set(case["per_sample"])
    for image in scores.images:
        official = case["per_sample"][image.name]
        assert [list(pair) for pair in image.pairs] == official["pairs"]
        assert np.flatnonzero(image.ignored_truths).tolist() == official["gt_dont_care"]
        assert np.flatnonzero(image.ignored_detections).tolist() == official["det_dont_care"]
        for figure in FIGURES:
            assert getattr(image, figure) == pytest.approx(official[figure], abs=1e-9)


def test_the_difference_of_angles_is_strict_and_does_not_wrap():
    def matched(first, second):
        metric = MSRATD500(rule="angle")
        sides = [metric._of([Rectangle(0, 0, 40, 10, angle)]) for angle in (first, second)]
        return metric._match(ImagePair("1", *sides)).pairs

    assert matched(0.0, pi / 8 - 1e-9) == [(0, 0)]
    assert matched(0.0, pi / 8) == []
    assert matched(pi / 2 - 0.01, -pi / 2 + 0.01) == []  # the same direction but for 0.02


@pytest.mark.parametrize("rule", ["icdar2015", "pan_pp"])
@pytest.mark.parametrize("seed", range(6))
def test_random_scenes_score_as_the_rule_reads(seed, rule):
    predictions, truths = split_scene(np.random.default_rng(seed))
    matched = truth_count = found_count = 0
    for found, truth in zip(predictions, truths, strict=True):
        if rule == "pan_pp":
            for gt, ignored in zip(truth.polygons, truth.ignored, strict=True):
                hit = any(iou(gt, d) >= 0.5 for d in found.polygons)
                matched, truth_count = matched + hit, truth_count + (hit or not ignored)
            found_count += len(found)
            continue
        dets, used = kept(found, truth), set()
        for gt in cared(truth):
            used.update([j for j, d in enumerate(dets) if j not in used and iou(gt, d) > 0.5][:1])
        matched, truth_count = matched + len(used), truth_count + len(cared(truth))
        found_count += len(dets)
    scores = MSRATD500(rule=rule).evaluate(predictions, truths)
    assert counts(scores) == (matched, truth_count, found_count)
    assert matched > 0


@pytest.mark.parametrize("seed", range(6))
def test_the_angle_rule_reads_rectangles_and_angles_of_random_scenes(seed):
    rng = np.random.default_rng(seed)
    metric = MSRATD500(rule="angle")
    sides = []
    for count in rng.integers(3, 7, 2):
        corners = rng.integers(0, 12, (count, 2))
        sizes, angles = rng.integers(10, 20, (count, 2)), rng.uniform(-0.5, 0.5, count)
        rows = zip(corners, sizes, angles, strict=True)
        sides.append([Rectangle(x, y, x + w, y + h, a) for (x, y), (w, h), a in rows])
    ignored = rng.random(len(sides[0])) < 0.2
    match = metric._match(ImagePair("1", metric._of(sides[0], ignored), metric._of(sides[1])))

    def inside(det):
        gts = [gt for gt, flag in zip(sides[0], ignored, strict=True) if flag]
        return any(_overlap(gt, det) / _size(det) > 0.5 for gt in gts)

    pairs, used = [], set()
    for i, gt in enumerate(sides[0]):
        for j, det in enumerate(sides[1]):
            inter = _overlap(gt, det)
            value = inter / (_size(gt) + _size(det) - inter)
            near = abs(gt.angle - det.angle) < pi / 8
            if not ignored[i] and not inside(det) and j not in used and value > 0.5 and near:
                pairs.append((i, j))
                used.add(j)
                break
    assert match.pairs == pairs


def _size(r):
    return (r.right - r.left) * (r.bottom - r.top)


def _overlap(a, b):
    width = min(a.right, b.right) - max(a.left, b.left)
    height = min(a.bottom, b.bottom) - max(a.top, b.top)
    return max(width, 0) * max(height, 0)


def test_one_detection_may_serve_two_texts_with_pan_pp_only():
    truth, found = squares(0, 1), squares(0)
    assert MSRATD500(rule="pan_pp").evaluate([found], [truth]).precision == 2
    assert MSRATD500().evaluate([found], [truth]).precision == 1


def test_the_rule_angle_takes_polygons_in_memory():
    outlines = [Rectangle(10, 20, 70, 32, 0.4).rotated(), Rectangle(0, 60, 50, 70, -0.2).rotated()]
    both = TextInstances(outlines, ignored=[False, True])
    scores = MSRATD500(rule="angle").evaluate([TextInstances(outlines)], [both])
    assert counts(scores) == (1, 1, 1)


def test_the_real_ground_truth_has_the_counts_of_the_benchmark():
    folder = real_data("msra_td500")
    truths = sorted(folder.rglob("*.gt"))
    test = [path for path in truths if "test" in str(path.parent).lower()] or truths
    metric = MSRATD500()
    images = metric.read_truths(test[0].parent)
    flags = np.concatenate([image.ignored for image in images.values()])
    assert (len(images), len(flags), int((~flags).sum())) == (200, 651, 582)


def test_unknown_rules_are_refused():
    with pytest.raises(ConfigError, match="rule: .* got 'icdar15'; did you mean 'icdar2015'"):
        MSRATD500(rule="icdar15")
