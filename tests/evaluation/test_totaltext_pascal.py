import numpy as np
import pytest

from tcm.evaluation.totaltext_pascal import TotalTextPascal
from tcm.structures import TextInstances
from tests.evaluation.helpers import cared, counts, kept, overlap, size, split_scene, square
from tests.evaluation.test_totaltext_deteval import archives, expected, without_some


def check(scores, case):
    assert counts(scores) == (case["tp"], case["num_gt"], case["num_det"])
    figures = (scores.precision, scores.recall, scores.hmean)
    official = (case["precision"], case["recall"], case["f_score"])
    assert figures == pytest.approx(official, abs=1e-9)
    each = {f"{i.protocol}.txt": (i.precision, i.recall) for i in scores.images}
    assert set(each) == set(case["per_image_precision_recall"])
    for name, figures in case["per_image_precision_recall"].items():
        assert each[name] == pytest.approx(figures, abs=1e-9), name  # printed with 12 digits


def test_all_figures_are_those_of_the_script():
    check(TotalTextPascal().evaluate_archives(*archives()), expected("pascal"))


def test_images_without_a_file_vanish_as_officially(tmp_path):
    paths = archives()[0], without_some(tmp_path)
    check(TotalTextPascal().evaluate_archives(*paths), expected("pascal_files_missing"))
    counted = TotalTextPascal(skip_missing=False).evaluate_archives(*paths)
    assert counted.truths == expected("pascal")["num_gt"]


def test_the_union_is_one_larger():
    half = [square(0) * [0.5, 1]]  # 50 / (100 + 1) is just below a half
    assert (
        TotalTextPascal().evaluate([TextInstances(half)], [TextInstances([square(0)])]).matched == 0
    )
    more = [square(0) * [0.6, 1]]
    assert (
        TotalTextPascal().evaluate([TextInstances(more)], [TextInstances([square(0)])]).matched == 1
    )


@pytest.mark.parametrize("seed", range(6))
def test_random_scenes_score_as_the_rule_reads(seed):
    predictions, truths = split_scene(np.random.default_rng(seed))
    right = wrong = count = 0
    for found, truth in zip(predictions, truths, strict=True):
        gts, taken = cared(truth), set()
        count += len(gts)
        for det in kept(found, truth, guard=1.0):
            values = []
            for gt in gts:
                inter = overlap(gt, det)
                values.append(inter / (size(gt) + size(det) - inter + 1))
            best = values.index(max(values)) if values else -1
            if best >= 0 and values[best] >= 0.5 and best not in taken:
                taken.add(best)
                right += 1
            else:
                wrong += 1
    scores = TotalTextPascal().evaluate(predictions, truths)
    assert counts(scores) == (right, count, right + wrong)
    assert right > 0
