"""Packages whose own import is put off, so that a command starts in seconds.

``import package.part`` first runs the package's ``__init__``, which may import much that nobody
asked for: Lightning wants two classes of torchmetrics and gets a hundred metrics with SciPy's
signals, and we want the layers of open_clip and get timm with a hundred networks. The command line
does this, whose process is its own; who imports tcm finds all packages as they are.
"""

import importlib
import importlib.util
import logging
import sys
from collections.abc import Callable, Mapping
from typing import Any


def _from(module: str, name: str) -> Callable[[], Any]:
    return lambda: getattr(importlib.import_module(module), name)


# What others ask the packages for: Lightning, open_clip and the packages' own parts.
NAMES: dict[str, dict[str, Callable[[], Any]]] = {
    "open_clip": {},
    "timm": {"__version__": _from("timm.version", "__version__")},
    "torchmetrics": {
        "__version__": _from("torchmetrics.__about__", "__version__"),
        "_logger": lambda: logging.getLogger("torchmetrics"),
        "Metric": _from("torchmetrics.utilities.checks", "Metric"),
        "MetricCollection": _from("torchmetrics.collections", "MetricCollection"),
    },
}


def defer_all() -> None:
    """Put off the packages of `NAMES`."""
    for package, names in NAMES.items():
        defer(package, names)


def defer(package: str, names: Mapping[str, Callable[[], Any]] | None = None) -> None:
    """Let the parts of a package be imported without its ``__init__``.

    That is run as soon as a name is asked for which neither an imported part is nor `names` have,
    so that nothing changes but the time of it. A package that is imported already, or that is not
    installed, is left alone.

    Args:
        package: Its name.
        names: How to get single names without its ``__init__``.
    """
    spec = None if package in sys.modules else importlib.util.find_spec(package)
    if spec is None or spec.loader is None:
        return
    loader, module, known = spec.loader, importlib.util.module_from_spec(spec), dict(names or {})

    def find(name: str) -> Any:
        if name in known:
            return known[name]()
        if name.startswith("__") or vars(module).pop("__getattr__", None) is None:
            raise AttributeError(f"module '{package}' has no attribute '{name}'")
        loader.exec_module(module)
        return getattr(module, name)

    vars(module)["__getattr__"] = find
    sys.modules[package] = module
