import json
from pathlib import Path

import pytest

from tcm.cli.prepare_data import main
from tcm.errors import DataError
from tests.data.builders import write_dataset


def broken_dataset(folder: Path) -> Path:
    """Write six images; three have a bow-tie, one of these is missing."""
    path = write_dataset(folder)
    content = json.loads(path.read_text())
    for entry in content["data_list"][:3]:
        entry["instances"][0]["polygon"] = [8, 8, 24, 16, 24, 8, 8, 16]
    path.write_text(json.dumps(content))
    (folder / "img_0.png").unlink()
    return path


def test_sound_file_has_status_0(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", str(write_dataset(tmp_path))]) == 0
    assert "nothing found" in capsys.readouterr().out


def test_mistakes_are_listed_by_kind_with_status_1(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["check", str(broken_dataset(tmp_path))]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "missing image: 1"
    assert lines[2] == "self-intersecting or flat polygon: 3"
    assert [line.split()[0] for line in lines[3:]] == [
        f"data_list[{i}].instances[0]" for i in range(3)
    ]


@pytest.mark.parametrize(("limit", "printed"), [("2", 2), ("0", 3)])
def test_limit_cuts_the_list_and_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], limit: str, printed: int
) -> None:
    main(["check", str(broken_dataset(tmp_path)), "--limit", limit])
    out = capsys.readouterr().out
    assert out.count(".instances[0]") == printed
    assert ("... and 1 more" in out) == (printed == 2)


def test_images_are_looked_for_in_the_given_root(tmp_path: Path) -> None:
    path = write_dataset(tmp_path)
    moved = path.rename(tmp_path.parent / f"{tmp_path.name}.json")
    assert main(["check", str(moved)]) == 1
    assert main(["check", str(moved), "--img-root", str(tmp_path)]) == 0


def test_missing_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no such annotation file"):
        main(["check", str(tmp_path / "x.json")])
