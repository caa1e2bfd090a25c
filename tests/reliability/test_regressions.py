"""What the fuzzer found once must stay mended; each case was made as small as it could be."""

import shutil
from pathlib import Path

import pytest

from tcm.errors import TCMError
from tests.reliability.fuzz import target

FOLDER = Path(__file__).parent / "regressions"
CASES = sorted(path for path in FOLDER.rglob("*") if path.is_file())


@pytest.mark.parametrize("case", CASES, ids=lambda path: path.relative_to(FOLDER).as_posix())
def test_a_find_is_taken_or_refused_in_words(case: Path, tmp_path: Path) -> None:
    name = case.relative_to(FOLDER).parts[0]
    (tmp_path / "input").mkdir()
    path = Path(shutil.copy(case, tmp_path / "input"))
    try:
        target(name).run(path)
    except TCMError as error:
        assert str(error)
