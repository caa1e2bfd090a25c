"""What the fuzzer found once must stay mended; each case was made as small as it could be."""

import shutil
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from tcm.errors import TCMError
from tests.reliability.fuzz import target
from tests.reliability.fuzz.worker import beside

FOLDER = Path(__file__).parent / "regressions"
CASES = sorted(path for path in FOLDER.rglob("*") if path.is_file())


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Return what gives a target's folder of seeds, beside which a case is read."""

    @cache
    def folder(name: str) -> Path:
        place = tmp_path_factory.mktemp(name)
        target(name).seeds(place)
        return beside(place, "input")

    return folder


@pytest.mark.parametrize("case", CASES, ids=lambda path: path.relative_to(FOLDER).as_posix())
def test_a_find_is_taken_or_refused_in_words(case: Path, folders: Callable[[str], Path]) -> None:
    name = case.relative_to(FOLDER).parts[0]
    path = Path(shutil.copy(case, folders(name)))
    try:
        target(name).run(path)
    except TCMError as error:
        assert str(error)
