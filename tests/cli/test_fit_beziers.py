import json
from pathlib import Path

import pytest

from tcm.cli.prepare_data import main
from tcm.errors import ConfigError, DataError
from tests.data.prepare.test_beziers import ARCH, BOW_TIE, BOX, TRIANGLE, ZIGZAG, written


def test_a_report_lists_the_worst_and_the_flawed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["bezier", "--ann", str(written(tmp_path, BOX, ZIGZAG, BOW_TIE, TRIANGLE))]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "4 texts, 2 of them without proper curves"
    assert any(line.startswith("  max ") and "of the text's height" in line for line in lines)
    worst = lines.index("more than half a pixel off, worst first: 1")
    assert lines[worst + 1].startswith("  data_list[0].instances[1] of img/ä.jpg: ")
    assert lines[worst + 1].endswith("12 vertices")
    flawed = lines.index("without proper curves: 2")
    assert "instances[2]" in lines[flawed + 1] and "crosses itself" in lines[flawed + 1]
    assert "instances[3]" in lines[flawed + 2] and "3 vertices" in lines[flawed + 2]
    assert list(tmp_path.iterdir()) == [tmp_path / "train.json"]


def test_lists_have_their_limit(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = str(written(tmp_path, BOW_TIE, BOW_TIE, BOW_TIE))
    main(["bezier", "--ann", path, "--worst", "1"])
    assert "  ... and 2 more" in capsys.readouterr().out
    main(["bezier", "--ann", path, "--worst", "0"])
    assert "more" not in capsys.readouterr().out


def test_curves_are_written_where_wanted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, out = written(tmp_path, BOX, ARCH), tmp_path / "out.json"
    assert main(["bezier", "--ann", str(path), "--out", str(out), "--least", "bend"]) == 0
    (entry,) = json.loads(out.read_text(encoding="utf-8"))["data_list"]
    assert [len(item["beziers"]) for item in entry["instances"]] == [16, 16]
    straight = [10, 10, 20, 10, 30, 10, 40, 10, 40, 20, 30, 20, 20, 20, 10, 20]
    assert entry["instances"][0]["beziers"] == straight
    assert capsys.readouterr().out.splitlines()[-1] == f"{out}: 2 texts with 'beziers'"


def test_a_missing_file_is_one_line(tmp_path: Path) -> None:
    written(tmp_path, BOX)
    with pytest.raises(DataError, match="did you mean 'train.json'"):
        main(["bezier", "--ann", str(tmp_path / "trian.json")])


def test_the_command_is_found_by_its_nearest_name(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="did you mean 'bezier'"):
        main(["beziers", "--raw", str(tmp_path), "--out", str(tmp_path)])
