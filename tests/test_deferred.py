"""A deferred package is the package, later."""

import importlib
import subprocess
import sys

import pytest

from tcm.deferred import defer


@pytest.fixture
def package(tmp_path, monkeypatch):
    """Make a package whose ``__init__`` notes that it ran."""
    folder = tmp_path / "slow_package"
    folder.mkdir()
    (folder / "__init__.py").write_text("from slow_package.part import word\nran, many = True, 3\n")
    (folder / "part.py").write_text("word = 'part'\n")
    monkeypatch.syspath_prepend(tmp_path)
    yield "slow_package"
    for name in [name for name in sys.modules if name.startswith("slow_package")]:
        del sys.modules[name]


def test_parts_and_known_names_do_not_run_the_package(package):
    defer(package, {"known": lambda: 7})
    module = importlib.import_module(package)
    assert importlib.import_module(f"{package}.part").word == "part"
    assert module.known == 7 and "ran" not in vars(module)


def test_any_other_name_runs_it(package):
    defer(package)
    namespace = {}
    exec(f"from {package} import many, word", namespace)
    assert namespace["many"] == 3 and namespace["word"] == "part"
    with pytest.raises(AttributeError, match="has no attribute 'few'"):
        getattr(sys.modules[package], "few")  # noqa: B009  # as of any module


def test_what_is_imported_or_missing_is_left_alone(package):
    module = importlib.import_module(package)
    defer(package)
    assert sys.modules[package] is module
    defer("no_such_package")
    assert "no_such_package" not in sys.modules


@pytest.mark.slow  # integration/test_imports.py holds that a run does without the rest
def test_lightning_and_torchmetrics_agree_whichever_is_first():
    """In a process of its own, where neither is imported."""
    code = """
import sys
from tcm.deferred import defer_all
defer_all()
import lightning
assert "torchmetrics.functional" not in sys.modules and "scipy" not in sys.modules
from lightning.pytorch.core import module
import torchmetrics
accuracy = torchmetrics.Accuracy(task="binary")
assert isinstance(accuracy, module.Metric) and torchmetrics.Metric is module.Metric
assert torchmetrics.MetricCollection is module.MetricCollection
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
