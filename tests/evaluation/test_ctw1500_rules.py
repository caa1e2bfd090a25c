"""The example of docs/protocols.md: one output that CTW1500's two rules value at 87.5 and 89.8."""

from pathlib import Path

import pytest

from tcm.evaluation.protocols import build_protocol
from tests.evaluation.helpers import counts

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "docs/examples/ctw1500"


@pytest.mark.parametrize(
    ("name", "options", "right", "texts", "found", "hmean"),
    [
        ("ctw1500", {}, 22, 24, 25, "0.898"),
        ("ctw1500-voc", {}, 28, 33, 31, "0.875"),
        ("ctw1500-voc", {"rule": "pan_pp", "order": "xy"}, 28, 33, 31, "0.875"),
    ],
)
def test_what_the_page_says_is_what_the_rules_give(name, options, right, texts, found, hmean):
    scores = build_protocol(name, options).evaluate_archives(EXAMPLE / "gt", EXAMPLE / "detections")
    assert counts(scores) == (right, texts, found)
    assert f"{scores.hmean:.3f}" == hmean
    assert f"**{hmean}**" in (ROOT / "docs/protocols.md").read_text(encoding="utf-8")


def test_a_detector_that_finds_all_unreadable_texts_gains_by_one_rule_alone(tmp_path):
    for file in (EXAMPLE / "detections").iterdir():
        last = (EXAMPLE / "gt" / file.name).read_text().splitlines()[-1].partition(",####")[0]
        (tmp_path / file.name).write_text(f"{file.read_text()}{last}\n")
    values = [
        build_protocol(name).evaluate_archives(EXAMPLE / "gt", tmp_path).hmean
        for name in ("ctw1500", "ctw1500-voc")
    ]
    assert [f"{value:.3f}" for value in values] == ["0.898", "0.925"]
