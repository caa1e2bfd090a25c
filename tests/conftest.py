"""Where tests find oracles and real data; where these are absent a test is skipped and says why."""

import atexit
import functools
import os
import shutil
import tarfile
import tempfile
from pathlib import Path

import pytest

_SHARED = Path(__file__).resolve().parents[1].parent / "shared"
_CASES = Path(__file__).with_name("cases") / "scoring.tar.xz"


def oracle_file(name: str) -> Path:
    """Return the path of an oracle such as ``heads/db_targets.npz``; skip if there are none.

    Those of scoring are committed and serve where there are no others.
    """
    folder = Path(os.environ.get("TCM_ORACLES", _SHARED / "oracles"))
    committed = committed_cases() / name
    if committed.exists() and not (folder / name).exists():
        return committed
    # A wrong name among oracles that are there must not pass as their absence.
    assert (_existing(folder) / name).exists(), f"{folder} holds no {name}"
    return folder / name


@functools.cache
def committed_cases() -> Path:
    """Return the folder of the committed oracles, unpacked until the tests end."""
    folder = tempfile.mkdtemp(prefix="tcm-cases-")
    atexit.register(shutil.rmtree, folder)
    with tarfile.open(_CASES) as archive:
        archive.extractall(folder, filter="data")
    return Path(folder)


def real_data(name: str) -> Path:
    """Return the folder of a real dataset such as ``icdar2015``; skip the test if it is absent."""
    return _existing(Path(os.environ.get("TCM_DATA", _SHARED / "data")) / name)


def _existing(path: Path) -> Path:
    if not path.exists():
        pytest.skip(f"{path} is absent")
    return path
