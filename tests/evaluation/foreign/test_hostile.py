"""Saved output with any value in any place is read, or refused in one line that names the file."""

import copy
import json
import random
from pathlib import Path

import pytest

from tcm.errors import TCMError
from tcm.evaluation.foreign.sources import How, read
from tcm.evaluation.foreign.words import split_lines
from tcm.evaluation.icdar2015_e2e import ICDAR2015EndToEnd
from tests.evaluation.helpers import make_zip

SAVED = Path(__file__).parents[2] / "cases/systems"
FILES = {
    "rapidocr": "rapidocr.jsonl",
    "paddleocr": "paddleocr/img_1_res.json",
    "doctr": "doctr/img_2.json",
    "easyocr": "easyocr.jsonl",
    "mmocr": "mmocr/img_1.json",
    "adelaidet": "adelaidet_text_results.json",
    "detectron2-json": "coco_instances_results.json",
    "unified": "unified.json",
    "vlm": "vlm.jsonl",
}
IDS = {"adelaidet": "img_{}", "detectron2-json": str(SAVED / "coco_images.json")}
VALUES = (
    *(None, True, 0, -1, 1e300, float("nan"), 10**400, "", "a", "1", "\0", "\ud800", "a\nb"),
    *(
        [],
        {},
        [[]],
        [[[]]],
        [None],
        {"": 1},
        {"size": [2, 2], "counts": "04"},
        [1, 2],
        [[1, 2]] * 3,
    ),
    *(
        [1] * 5,
        [1] * 6,
        ["a", 0.5],
        [[[0, 0], [9, 0], [9, 9]], ["a", 0.5]],
        "```json\n[",
        "[" * 9999,
    ),
)


def places(tree, path=()):
    """Yield the way to every node of a tree."""
    yield path
    if not isinstance(tree, dict | list):
        return
    for key, value in tree.items() if isinstance(tree, dict) else enumerate(tree):
        yield from places(value, (*path, key))


def changed(tree, path, value):
    if not path:
        return value
    tree = copy.deepcopy(tree)
    node = tree
    for key in path[:-1]:
        node = node[key]
    node[path[-1]] = value
    return tree


@pytest.mark.parametrize(
    "text", ["[" * 9999, "(" * 9999 + "1", "[1e999, nan]", "\0", "(1,2,3,4," * 99]
)
def test_any_answer_is_read_where_what_is_malformed_is_dropped(tmp_path, text):
    (tmp_path / "a.txt").write_text(text)
    (image,) = read("vlm", [tmp_path / "a.txt"], How(malformed="drop"))
    assert not image.texts


@pytest.mark.parametrize("source", FILES)
def test_any_value_in_any_place_is_read_or_refused(tmp_path, source):
    rng = random.Random(source)
    gt = make_zip(tmp_path / "gt.zip", {"gt_img_1.txt": "", "gt_img_2.txt": ""})
    file = tmp_path / Path(FILES[source]).name
    text = (SAVED / FILES[source]).read_text(encoding="utf-8")
    tree = [json.loads(line) for line in text.splitlines()] if ".jsonl" in file.name else None
    tree = json.loads(text) if tree is None else tree
    ways, refused = list(places(tree)), 0
    for _ in range(40):
        content = changed(tree, rng.choice(ways), rng.choice(VALUES))
        lines = content if ".jsonl" in file.name and isinstance(content, list) else [content]
        file.write_text("\n".join(map(json.dumps, lines)))
        try:
            how = How(ids=IDS.get(source))
            ICDAR2015EndToEnd().evaluate_archives(gt, split_lines(read(source, [file], how)))
        except TCMError as error:
            refused += 1
            assert "\n" not in str(error)
            assert file.name in str(error) or "gt.zip" in str(error)
    assert refused > 5
