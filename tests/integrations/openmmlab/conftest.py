"""What needs MMOCR runs in its environment, by ``make test-mmocr``; elsewhere it is skipped."""

import importlib.util
from pathlib import Path

import pytest

NEEDS_NONE = {"test_numbers.py", "test_absent.py"}
HERE = Path(__file__).parent


@pytest.fixture(autouse=True)
def _default_scope():
    """Build what has no scope in MMOCR's, as its Runner does."""
    if importlib.util.find_spec("mmocr") is None:
        yield
        return
    from mmengine.registry import DefaultScope
    from mmocr.utils import register_all_modules

    import tcm.integrations.openmmlab  # noqa: F401  # as custom_imports does

    register_all_modules(init_default_scope=False)
    with DefaultScope.overwrite_default_scope("mmocr"):
        yield


def pytest_collection_modifyitems(items):
    if importlib.util.find_spec("mmocr") is not None:
        return
    skip = pytest.mark.skip(reason="MMOCR is not installed; make test-mmocr")
    for item in items:
        if item.path.parent == HERE and item.path.name not in NEEDS_NONE:
            item.add_marker(skip)
