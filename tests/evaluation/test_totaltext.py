import json

import numpy as np
import pytest

from tcm.evaluation.matching.image_pair import Annotations
from tcm.evaluation.totaltext import TotalTextIoU, overlap_tables
from tcm.structures import TextInstances
from tests.conftest import oracle_file
from tests.evaluation.helpers import cared, counts, iou, kept, split_scene, square
from tests.evaluation.test_totaltext_deteval import FOLDER, archives


@pytest.mark.parametrize("seed", range(6))
def test_random_scenes_score_as_the_rule_reads(seed):
    predictions, truths = split_scene(np.random.default_rng(seed))
    matched = truth_count = found_count = 0
    for found, truth in zip(predictions, truths, strict=True):
        gts, dets, used = cared(truth), kept(found, truth), set()
        truth_count, found_count = truth_count + len(gts), found_count + len(dets)
        for gt in gts:
            first = [j for j, d in enumerate(dets) if j not in used and iou(gt, d) > 0.5][:1]
            used.update(first)
        matched += len(used)
    scores = TotalTextIoU().evaluate(predictions, truths)
    assert counts(scores) == (matched, truth_count, found_count)
    assert matched > 0


def test_the_benchmark_s_archives_score_as_the_same_data_in_memory():
    metric = TotalTextIoU()
    from_files = metric.evaluate_archives(*archives())
    truths = json.loads(oracle_file(f"{FOLDER}/groundtruth.json").read_text(encoding="utf-8"))
    images, _ = metric.load(*archives())
    found = {image.name: TextInstances(image.detections.polygons) for image in images}
    instances = [
        TextInstances([np.array(p).reshape(-1, 2) for p, _ in entry["gt"]],
                      ignored=np.array([not flag for _, flag in entry["gt"]], bool))
        for entry in truths
    ]  # fmt: skip
    in_memory = metric.evaluate([found[entry["image"]] for entry in truths], instances)
    assert counts(in_memory) == counts(from_files)
    assert in_memory.matched > 0


def test_a_don_t_care_point_filters_nothing():
    truths = Annotations.of([np.array([[5, 5]]), square(50)], [True, False])
    inter, truth_areas, areas = overlap_tables(truths, Annotations.of([square(0)]), 0.5, 1.0)
    assert inter.shape == (1, 1)
    assert (truth_areas.tolist(), areas.tolist()) == ([100], [100])


def test_the_guard_belongs_to_the_area_of_the_detection():
    truths = Annotations.of([square(0) * [0.505, 1]], [True])  # 50.5 of 100 and of 101
    for guard, left in ((0.0, 0), (1.0, 1)):
        _, _, areas = overlap_tables(truths, Annotations.of([square(0)]), 0.5, guard)
        assert len(areas) == left
