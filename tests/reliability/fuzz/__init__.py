"""A fuzzer of everything that reads a user's files: ``python -m tests.reliability.fuzz``.

A target is a module of this folder with two functions:

* ``seeds(folder) -> list[Path]`` writes small valid files and returns them;
* ``run(path)`` feeds a file, which has the name of a seed, to the package the way a command would.
  It returns, or raises a `tcm.errors.TCMError`; anything else is a find, and so are the death of
  the process, more than ten seconds, and growth by more than 2 GB.
"""

import importlib
import pkgutil
from types import ModuleType


def targets() -> dict[str, ModuleType]:
    """Return the targets by their names."""
    modules = {
        info.name: importlib.import_module(f"{__name__}.{info.name}")
        for info in pkgutil.iter_modules(__path__)
        if info.name not in ("__main__", "mutations", "worker", "minimise")
    }
    return {name: m for name, m in modules.items() if hasattr(m, "seeds") and hasattr(m, "run")}


def target(name: str) -> ModuleType:
    """Return a target alone, without importing the others."""
    return importlib.import_module(f"{__name__}.{name}")
