"""A few-shot study: which runs it starts, what it skips, what it writes."""

import json
from pathlib import Path

import pytest

from tcm.cli import cells, fewshot
from tcm.errors import DataError
from tests.cli.tiny import write_config


@pytest.fixture
def calls(monkeypatch):
    """Note the commands instead of running them; a test command leaves made-up scores."""
    noted = []

    def call(tool, *arguments):
        noted.append((tool, arguments))
        if tool == "test":
            assert not Path(arguments[arguments.index("--scores") + 1]).exists()
            path = arguments[arguments.index("--scores") + 1]
            hmean = 0.1 * len(noted)
            headline = {"precision": 0.5, "recall": 0.5, "hmean": hmean}
            scores = {"rule": "IoU", "headline": headline, "truths": 7}
            Path(path).write_text(json.dumps({"icdar2015": scores, "other": {}}))

    monkeypatch.setattr(cells, "call", call)
    return noted


def test_cut_scores_are_no_scores(tmp_path, calls):
    root = _run(tmp_path)
    calls.clear()
    path = root / "fraction_1_seed_0/scores.json"
    path.write_text(path.read_text()[:20])
    cut = path.read_text()
    _run(tmp_path)
    assert [tool for tool, _ in calls] == ["train", "test"]
    assert path.with_name("scores.damaged.json").read_text() == cut  # `test` would not replace it


def _run(tmp_path, *more):
    root = tmp_path / "study"
    for fraction in ("0.5", "1"):
        for seed in ("0", "1"):
            (root / f"fraction_{fraction}_seed_{seed}").mkdir(parents=True, exist_ok=True)
    arguments = ["--fractions", "0.5", "1", "--seeds", "0", "1", "--work-dir", str(root)]
    assert fewshot.main([write_config(tmp_path), *arguments, *more]) == 0
    return root


def test_every_cell_trains_for_equally_many_steps_and_is_tested(tmp_path, calls):
    root = _run(tmp_path)
    trained = [arguments for tool, arguments in calls if tool == "train"]
    assert len(trained) == 4 and len(calls) == 8
    for arguments in trained:
        assert "trainer.max_steps=7" in arguments
    fractions = [a[a.index("--data-fraction") + 1] for a in trained]
    seeds = [a[a.index("--data-seed") + 1] for a in trained]
    assert list(zip(fractions, seeds, strict=True)) == [
        ("0.5", "0"), ("0.5", "1"), ("1.0", "0"), ("1.0", "1"),
    ]  # fmt: skip
    rows = json.loads((root / "fewshot.json").read_text())
    assert rows[0]["hmean"]["values"] == pytest.approx([0.2, 0.4])
    assert rows[0]["hmean"]["mean"] == pytest.approx(0.3)
    assert rows[0]["hmean"]["deviation"] == pytest.approx(0.02**0.5)
    table = (root / "fewshot.md").read_text().splitlines()
    assert table[:3] == [
        "# tiny, icdar2015",
        "",
        "| fraction | seeds | precision | recall | hmean |",
    ]
    assert table[4].startswith("| 0.5 | 2 | 0.5000 ± 0.0000 |")
    assert (root / "fewshot.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("fractions", "means", "scale"),
    [([0.1, 0.5, 1.0], [0.61, 0.65, 0.66], "log"), ([0.5, 1.0], [30.0, 90.0], "linear")],
)
def test_the_axes_of_the_figure_follow_data_and_metric(fractions, means, scale):
    rows = [
        {"fraction": f, "seeds": 2, "metric": "words", "loss": {"mean": -1}}
        | {"word_accuracy": {"mean": mean, "deviation": 0.01, "values": []}}
        for f, mean in zip(fractions, means, strict=True)
    ]
    (axes,) = fewshot._plot("parseq", rows).axes
    low, high = axes.get_ylim()
    spread = max(means) - min(means)
    assert min(means) - 0.2 * spread - 0.02 < low < min(means) - 0.01
    assert max(means) + 0.01 < high < max(means) + 0.2 * spread + 0.02
    assert axes.get_ylabel() == "words: word_accuracy" and axes.get_xscale() == scale
    labels = [label.get_text() for label in axes.get_xticklabels()]
    assert labels == [f"{100 * fraction:g}" for fraction in fractions]


def test_scores_of_an_older_version_are_named(tmp_path, calls):
    root = _run(tmp_path)
    (root / "fraction_1_seed_1" / "scores.json").write_text('{"icdar2015": {"hmean": 1}}')
    with pytest.raises(DataError, match=r"fraction_1_seed_1/scores\.json: no 'headline'"):
        _run(tmp_path)


def test_started_again_it_skips_what_is_done_and_resumes_what_was_interrupted(tmp_path, calls):
    root = _run(tmp_path)
    calls.clear()
    (root / "fraction_1_seed_1" / "scores.json").unlink()
    (root / "fraction_1_seed_1" / "last.ckpt").touch()
    _run(tmp_path)
    assert [tool for tool, _ in calls] == ["train", "test"]
    assert "--resume" in calls[0][1]


def test_steps_scale_with_the_fraction_on_demand(tmp_path, calls):
    epochs = ["--cfg-options", "trainer.max_steps=null", "trainer.max_epochs=2"]
    _run(tmp_path, "--scale-steps", *epochs)
    lengths = {
        a[a.index("--data-fraction") + 1]: next(o for o in a[::-1] if "max_steps=" in o)
        for tool, a in calls
        if tool == "train"
    }
    assert lengths == {"0.5": "trainer.max_steps=4", "1.0": "trainer.max_steps=10"}
