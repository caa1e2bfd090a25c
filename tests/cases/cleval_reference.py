"""What the `cleval` package 0.1.1 counts: ``python cleval_reference.py SCENES.json COUNTS.json``.

Runs where that package is installed (with Polygon3, numba, shapely, opencv-python-headless and
NumPy 1). SCENES is a list of images, each a pair of sides, each of ``[eight numbers, text]`` lists.
COUNTS gets for each image, first of the detection, then of the end-to-end scores: characters that
are right, of the ground truth, of the detections, penalties of splits and of merges.
"""

import json
import sys
import types
from pathlib import Path
from types import SimpleNamespace

SETTINGS = SimpleNamespace(
    CASE_SENSITIVE=True,
    VERTICAL_ASPECT_RATIO_THRESH=0.5,
    AREA_PRECISION_CONSTRAINT=0.3,
    E2E=True,
    ORIENTATION=False,
    DUMP_SAMPLE_RESULT=False,
    PRECISION_GRANULARITY_PENALTY_WEIGHT=1.0,
    RECALL_GRANULARITY_PENALTY_WEIGHT=1.0,
)


def main(scenes: str, counts: str) -> None:
    # The package imports these for its metric of PyTorch, which is not used.
    for name in ("torch", "torchmetrics"):
        sys.modules.setdefault(name, types.ModuleType(name))
    sys.modules["torchmetrics"].Metric = object
    from cleval.box_types import QUAD
    from cleval.eval_functions import evaluation

    found = []
    for sides in json.loads(Path(scenes).read_text(encoding="utf-8")):
        boxes = [[QUAD([float(v) for v in q], transcription=t) for q, t in side] for side in sides]
        stats = evaluation(SETTINGS, *boxes).stats
        found.append([count(part) for part in (stats.det, stats.e2e)])
    Path(counts).write_text(json.dumps(found), encoding="utf-8")


def count(part: SimpleNamespace) -> list[float]:
    totals = (part.num_char_tp_recall, part.num_char_gt, part.num_char_det)
    return [*totals, part.gran_score_recall, part.gran_score_precision]


if __name__ == "__main__":
    main(*sys.argv[1:])
