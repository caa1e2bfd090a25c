"""Where tests find oracles and real data; where these are absent a test is skipped and says why."""

import os
from pathlib import Path

import pytest

_SHARED = Path(__file__).resolve().parents[1].parent / "shared"


def oracle_file(name: str) -> Path:
    """Return the path of an oracle such as ``heads/db_targets.npz``; skip if it is absent."""
    return _existing(Path(os.environ.get("TCM_ORACLES", _SHARED / "oracles")) / name)


def real_data(name: str) -> Path:
    """Return the folder of a real dataset such as ``icdar2015``; skip the test if it is absent."""
    return _existing(Path(os.environ.get("TCM_DATA", _SHARED / "data")) / name)


def _existing(path: Path) -> Path:
    if not path.exists():
        pytest.skip(f"{path} is absent")
    return path
