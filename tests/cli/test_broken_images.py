"""A training with broken images: it ends with their count and names, or at the cap."""

import json
from pathlib import Path

import pytest

from tcm.cli.train import main
from tcm.errors import DataError
from tests.cli.tiny import CONFIG, write_config
from tests.data.builders import write_dataset

SYNTHETIC = "{type: SyntheticText, length: 10, size: [64, 64], words_per_image: [1, 2]}"
STEPS = 12
FIT = "pipeline: [{type: FitInto, size: [64, 64]}, {type: Warp}, {type: DBTargets}]"


@pytest.fixture
def config(tmp_path: Path) -> str:
    """Return a config with 10 images, two of which are truncated."""
    ann_file = write_dataset(tmp_path, 10, 64, 64)
    for index in (2, 7):
        (tmp_path / f"img_{index}.png").write_bytes(b"\x89PNG")
    text = CONFIG.replace(
        SYNTHETIC, f"{{type: TextDataset, ann_file: {ann_file}}}\n    broken: skip"
    )
    text = text.replace("pipeline: [{type: RandomFlip}, {type: Warp}, {type: DBTargets}]", FIT)
    return write_config(tmp_path, text.replace("max_steps: 7", f"max_steps: {STEPS}"))


def _run(config: str, run: Path, *more: str, options: tuple[str, ...] = ()) -> None:
    cap = "data.train.max_broken=0.2"
    main([config, "--work-dir", str(run), *more, "--cfg-options", cap, *options])


def test_a_run_ends_with_the_count_and_the_names(tmp_path: Path, config: str) -> None:
    run = tmp_path / "run"
    _run(config, run)
    written = json.loads((run / "broken.json").read_text())
    assert set(written["images"]) == {str(tmp_path / f"img_{i}.png") for i in (2, 7)}
    assert "not a whole image" in written["images"][str(tmp_path / "img_2.png")]["reason"]
    assert written["draws"] >= 2
    log = (run / "train.log").read_text()
    assert log.count("skipped a broken image") == 2
    assert f"2 images could not be read, {written['draws']} draws were replaced" in log
    (stopped := tmp_path / "stopped").mkdir()
    _run(config, stopped, options=("trainer.max_steps=5",))
    _run(config, stopped, "--resume")
    assert json.loads((stopped / "broken.json").read_text()) == written


def test_more_than_the_cap_are_an_error_that_names_them(tmp_path: Path, config: str) -> None:
    with pytest.raises(
        DataError, match=r"2 images .* data\.train\.max_broken allows 1: .*img_"
    ) as e:
        _run(config, tmp_path / "run", options=("data.train.max_broken=0.1",))
    assert all(f"img_{i}.png" in str(e.value) for i in (2, 7))
    assert len(json.loads((tmp_path / "run/broken.json").read_text())["images"]) == 2


def test_by_default_the_first_is_an_error(tmp_path: Path, config: str) -> None:
    with pytest.raises(DataError, match=r"img_\d\.png: not a whole image .* epoch 0, draw \d"):
        _run(config, tmp_path / "run", options=("data.train.broken=error",))
    assert not (tmp_path / "run/broken.json").exists()
