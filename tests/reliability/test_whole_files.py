"""Whatever the package writes is whole or not there: there is one place that writes."""

import ast
from pathlib import Path

import tcm

ROOT = Path(tcm.__file__).parent
WRITERS = {"write_text", "write_bytes", "imwrite", "savez", "savez_compressed"}
# The annotations benchmark's file lies in a temporary folder.
EXCEPTED = {"files.py", "cli/benchmark_annotations.py"}


def writes(call):
    """Tell whether a call writes a file by itself."""
    name = getattr(call.func, "attr", getattr(call.func, "id", ""))
    if name == "open":
        modes = [a.value for a in call.args if isinstance(a, ast.Constant)]
        modes += [k.value.value for k in call.keywords if k.arg == "mode"]
        return any(isinstance(mode, str) and set(mode) & set("wax+") for mode in modes)
    of_our_own = isinstance(call.func, ast.Name)  # tcm.files' functions are called by their names
    return name in WRITERS and not of_our_own


def test_no_module_opens_a_file_to_write_it_itself():
    found = []
    for path in sorted(ROOT.rglob("*.py")):
        place = path.relative_to(ROOT).as_posix()
        tree = ast.parse(path.read_text(encoding="utf-8"))
        calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and writes(node)]
        found += [f"{place}:{call.lineno}" for call in calls if place not in EXCEPTED]
    assert not found
