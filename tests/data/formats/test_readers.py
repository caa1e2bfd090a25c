from pathlib import Path

import pytest

from tcm.data.formats.readers import READERS, reader
from tests.data.formats.raw_files import assert_error


@pytest.mark.parametrize("name", sorted(READERS))
def test_missing_folder_is_an_error(tmp_path: Path, name: str) -> None:
    assert_error(reader(name), tmp_path / "nowhere", f"{tmp_path / 'nowhere'}", "no such")


@pytest.mark.parametrize("name", sorted(READERS))
def test_empty_folder_is_an_error(tmp_path: Path, name: str) -> None:
    assert_error(reader(name), tmp_path, str(tmp_path), "")
