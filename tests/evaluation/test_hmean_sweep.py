import numpy as np
import pytest

from tcm.errors import ConfigError, DataError
from tcm.evaluation.files.unified import write_predictions
from tcm.evaluation.hmean_sweep import HmeanSweep
from tcm.registry import METRICS
from tcm.structures import TextInstances
from tests.conftest import oracle_file
from tests.evaluation.helpers import make_zip, random_scene, square, squares

STRATEGIES = ["vanilla", "max_matching"]
SWEEPS = {"": None, "fine.": {"start": 0.3, "stop": 1.0, "step": 0.05}}


@pytest.fixture(scope="module")
def oracle():
    with np.load(oracle_file("heads/hmean.npz")) as archive:
        return {key: archive[key] for key in archive.files}


def unpack(oracle, side):
    """The polygons of all images and the range of each image."""
    points = np.split(oracle[f"{side}.flat"], np.cumsum(oracle[f"{side}.len"])[:-1])
    ends = np.cumsum(oracle[f"{side}.count"])
    return points, [slice(a, b) for a, b in zip([0, *ends], ends, strict=False)]


@pytest.fixture(scope="module")
def dataset(oracle):
    points, ranges = unpack(oracle, "pred")
    predictions = [TextInstances(points[r], scores=oracle["pred.scores"][r]) for r in ranges]
    points, ranges = unpack(oracle, "gt")
    truths = [TextInstances(points[r], ignored=oracle["gt.ignored"][r]) for r in ranges]
    return predictions, truths


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("sweep", SWEEPS)
def test_every_figure_is_that_of_mmocr(oracle, dataset, sweep, strategy):
    metric = HmeanSweep(pred_score_thrs=SWEEPS[sweep], strategy=strategy)
    best = metric.evaluate(*dataset)
    key = f"{sweep}{strategy}."
    np.testing.assert_array_equal([s.threshold for s in best.sweep], oracle[f"{sweep}thresholds"])
    np.testing.assert_array_equal([s.detections for s in best.sweep], oracle[f"{sweep}num_pred"])
    np.testing.assert_array_equal([s.matched for s in best.sweep], oracle[key + "hits"])
    assert {s.truths for s in best.sweep} == {int(oracle["num_gt"])}
    table = [[s.precision, s.recall, s.hmean] for s in best.sweep]
    np.testing.assert_allclose(table, oracle[key + "table"], rtol=0, atol=1e-9)
    figures = [best.precision, best.recall, best.hmean]
    np.testing.assert_allclose(figures, oracle[key + "best"], rtol=0, atol=1e-9)
    assert best.threshold == oracle[f"{sweep}thresholds"][oracle[key + "best_index"]]


def overlaps(metric, prediction, truth):
    """The IoUs of what counts."""
    return metric.measure(prediction, truth).counted(truth.ignored, 0.5)[0]


def test_the_overlaps_are_those_of_mmocr(oracle, dataset):
    metric = HmeanSweep()
    matrices = [overlaps(metric, *pair) for pair in zip(*dataset, strict=True)]
    np.testing.assert_array_equal([m.shape for m in matrices], oracle["iou.shape"])
    flat = np.concatenate([m.ravel() for m in matrices])
    np.testing.assert_allclose(flat, oracle["iou.flat"], rtol=0, atol=1e-6)


def test_mmocr_s_own_example_by_hand():
    # Image 1: both truths found, one false alarm, one detection dropped by its score; image 2: one
    # of two found, one false alarm. So 3 of 5 detections and 3 of 4 truths.
    truths = [squares(0, 20, 90, ignored=[2]), squares(0, 100)]
    predictions = [
        squares(0, 20, 50, 20, 90, scores=[1, 1, 1, 0.001, 1]),
        squares(0, 50, scores=[1, 0.95]),
    ]
    scores = HmeanSweep().evaluate(predictions, truths)
    assert (scores.matched, scores.truths, scores.detections) == (3, 4, 5)
    assert (scores.precision, scores.recall) == (3 / 5, 3 / 4)
    assert scores.hmean == pytest.approx(2 / 3)


@pytest.mark.parametrize("strategy, matched", [("vanilla", 1), ("max_matching", 2)])
def test_maximum_matching_finds_what_first_come_loses(strategy, matched):
    # The first truth overlaps both detections, the second one the first detection only.
    truths, found = [squares(0, 3)], [squares(1, -3, scores=[1, 1])]
    scores = HmeanSweep(strategy=strategy).evaluate(found, truths)
    assert scores.matched == matched
    assert scores.hmean == matched / 2


def test_the_default_sweep_includes_its_end():
    assert len(HmeanSweep().thresholds) == 7
    assert HmeanSweep().thresholds[-1] == pytest.approx(0.9)


def test_the_first_of_equally_good_thresholds_is_reported():
    scores = HmeanSweep().evaluate([squares(0, scores=[0.65])], [squares(0)])
    assert (scores.threshold, scores.hmean) == (0.3, 1.0)


def test_a_score_on_a_threshold_reaches_it():
    found = squares(*range(0, 140, 20), scores=[0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9])
    scores = HmeanSweep().evaluate([found], [squares(0)])
    assert [s.detections for s in scores.sweep] == [7, 6, 5, 4, 3, 2, 1]


def test_the_threshold_trades_false_alarms_for_misses():
    found = squares(0, 50, scores=[0.8, 0.5])
    scores = HmeanSweep().evaluate([found], [squares(0)])
    assert scores.threshold == pytest.approx(0.6)
    assert [s.hmean for s in scores.sweep] == pytest.approx([2 / 3] * 3 + [1] * 3 + [0])


def test_self_crossing_detections_are_repaired():
    bow_tie = np.array([[0, 0], [10, 0], [0, 10], [10, 10]], float)
    found = overlaps(HmeanSweep(), TextInstances([bow_tie], scores=[1]), squares(0))
    assert 0 < found.item() <= 1


@pytest.mark.parametrize(
    "found, ignored, kept",
    [
        # The lobes of a bow tie cancel each other before the repair, which leaves 25 at least: 9 of
        # them are too much of nothing.
        ([[0, 0], [10, 0], [0, 10], [10, 10]], [[4, 0], [6, 0], [6, 10], [4, 10]], 0),
        # Around a square and once more around half of it: 150 before the repair and 100 after it,
        # of which 60 are the greater part.
        (
            [[0, 0], [10, 0], [10, 10], [0, 10], [0, 0], [10, 0], [10, 5], [0, 5]],
            [[0, 0], [10, 0], [10, 6], [0, 6]],
            1,
        ),
    ],
)
def test_the_share_inside_an_ignored_truth_is_of_the_area_before_the_repair(found, ignored, kept):
    prediction = TextInstances([np.array(found)], scores=[1])
    truth = TextInstances([ignored], ignored=[True])
    assert overlaps(HmeanSweep(), prediction, truth).shape == (0, kept)


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize(
    "found, truth, counts",
    [
        (squares(), squares(), (0, 0, 0)),
        (squares(0, scores=[1]), squares(), (0, 0, 1)),
        (squares(), squares(0), (0, 1, 0)),
        (squares(0, scores=[1]), squares(0, ignored=[0]), (0, 0, 0)),
        (squares(0, scores=[0.1]), squares(0), (0, 1, 0)),
    ],
)
def test_nothing_to_find_nothing_found_or_only_ignored_text(strategy, found, truth, counts):
    scores = HmeanSweep(strategy=strategy).evaluate([found], [truth])
    assert (scores.matched, scores.truths, scores.detections) == counts
    assert (scores.hmean, scores.threshold) == (0, 0.3)


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_image_order_duplicates_and_perfection(strategy):
    metric = HmeanSweep(strategy=strategy)
    predictions, truths = random_scene(np.random.default_rng(4))
    once = metric.evaluate(predictions, truths)
    assert once.as_dict() == metric.evaluate(predictions[::-1], truths[::-1]).as_dict()
    doubled = [p.select([*range(len(p)), *range(len(p))]) for p in predictions]
    for single, double in zip(once.sweep, metric.evaluate(doubled, truths).sweep, strict=True):
        assert double.precision <= single.precision
    perfect = TextInstances([square(0), square(30)], scores=[1, 1])
    assert metric.evaluate([perfect], [perfect]).hmean == 1


@pytest.mark.parametrize(
    "options, message",
    [
        ({"strategy": "vanila"}, "did you mean 'vanilla'"),
        ({"pred_score_thrs": {"start": 0.3}}, "start, stop and step are wanted"),
        ({"pred_score_thrs": {"start": 0.9, "stop": 0.3, "step": 0.1}}, "holds no threshold"),
        ({"pred_score_thrs": {"start": 0.3, "stop": 0.9, "step": 0}}, "holds no threshold"),
    ],
)
def test_wrong_options_are_config_errors(options, message):
    with pytest.raises(ConfigError, match=message):
        METRICS.build({"type": "HmeanSweep", **options})


def test_predictions_without_scores_are_an_error():
    with pytest.raises(DataError, match="needs predictions with scores"):
        HmeanSweep().evaluate([squares(0)], [squares(0)])


def test_files_score_as_the_same_data_in_memory(tmp_path):
    predictions, truths = random_scene(np.random.default_rng(4))
    names = [f"img_{index}.jpg" for index in range(len(truths))]
    write_predictions(tmp_path / "gt.json", names, truths)
    write_predictions(tmp_path / "pred.json", names, predictions)
    scores = HmeanSweep().evaluate_archives(tmp_path / "gt.json", tmp_path / "pred.json")
    assert scores.as_dict() == HmeanSweep().evaluate(predictions, truths).as_dict()
    assert scores.matched > 0
    assert "repaired as in MMOCR" in scores.notes[0]


def test_the_archives_of_icdar2015_are_read_with_confidences(tmp_path):
    gt = make_zip(tmp_path / "gt.zip", {"gt_img_1.txt": "0,0,9,0,9,9,0,9,a"})
    submit = make_zip(tmp_path / "s.zip", {"res_img_1.txt": "0,0,9,0,9,9,0,9,0.35"})
    scores = HmeanSweep().evaluate_archives(gt, submit)
    assert (scores.hmean, scores.threshold) == (1, 0.3)
