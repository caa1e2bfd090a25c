import subprocess
import sys
from pathlib import Path

import pytest

from tcm.cli.prepare_data import main
from tcm.data.datasets.text_dataset import TextDataset
from tcm.data.formats import unified
from tcm.errors import ConfigError
from tests.data.formats.raw_files import write_image, write_text
from tests.data.formats.test_art import raw_dataset as raw_art
from tests.data.formats.test_icdar2015 import raw_dataset

ROOT = Path(__file__).resolve().parents[2]


def test_files_are_written_and_their_images_found(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    raw = tmp_path / "raw"
    raw.mkdir()
    raw_dataset(raw)
    out = tmp_path / "deep" / "out"
    assert main(["icdar2015", "--raw", str(raw), "--out", str(out)]) == 0
    for split in ("train", "test"):
        dataset = TextDataset(str(out / f"{split}.json"))
        assert len(dataset) == 3
        assert dataset.load(2).image.shape == (48, 64, 3)
        assert dataset.ids[0].startswith("../../raw/")
    lines = capsys.readouterr().out.splitlines()
    rows = {words[1]: words for words in map(str.split, lines) if len(words) > 1}
    for split in ("train", "test"):
        assert [word for word in rows[split] if word.isdigit()] == ["3", "6", "3", "3"]


def test_unknown_dataset_names_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="'icdar2016'; did you mean 'icdar2015'"):
        main(["icdar2016", "--raw", str(tmp_path), "--out", str(tmp_path)])


def test_options_reach_their_reader(tmp_path: Path) -> None:
    raw = tmp_path / "raw"
    write_image(raw / "a.png")
    write_text(raw / "a.txt", "1,2,11,2,11,8,1,8,10,20\n")
    arguments = ["--raw", str(raw), "--out", str(tmp_path)]
    main(["rrc_txt", *arguments])
    assert unified.read(tmp_path / "train.json")[0].instances.texts == [None]
    main(["rrc_txt", *arguments, "--points", "4"])
    assert unified.read(tmp_path / "train.json")[0].instances.texts == ["10,20"]
    with pytest.raises(ConfigError, match="icdar2015 has no option --points"):
        main(["icdar2015", *arguments, "--points", "4"])
    with pytest.raises(ConfigError, match="icdar2015 has no option --dont-care"):
        main(["icdar2015", *arguments, "--dont-care", "orientation"])


def test_lists_of_left_out_images_are_passed_on(tmp_path: Path) -> None:
    raw = raw_art(tmp_path)
    lists = [write_text(raw / f"{i}.list", f"gt_{i}\n") for i in (0, 3)]
    arguments = ["art", "--raw", str(raw), "--out", str(tmp_path), "--exclude", *map(str, lists)]
    assert main(arguments) == 0
    assert [record.id for record in unified.read(tmp_path / "train.json")] == [
        "train_images/gt_20.jpg"
    ]


def test_script_prints_one_line_for_a_mistake(tmp_path: Path) -> None:
    command = [sys.executable, str(ROOT / "tools/prepare_data.py"), "icdar2015"]
    command += ["--raw", str(tmp_path / "nowhere"), "--out", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)
    assert done.returncode == 2
    assert done.stderr.strip().splitlines()[-1] == f"error: {tmp_path / 'nowhere'}: no such folder"
    assert "Traceback" not in done.stderr
