"""No import runs upward: ground, wings, reader, page, commands; wings don't import one another."""

import ast
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
WINGS = {"models", "data", "evaluation", "engine", "inference"}
HEIGHTS = {**dict.fromkeys(WINGS, 1), "reader": 2, "hub": 3, "demo": 3, "integrations": 3, "cli": 4}


def _imports():
    """Yield each file of the package with the modules of the package that it imports."""
    for file in sorted((ROOT / "tcm").rglob("*.py")):
        parts = file.relative_to(ROOT).with_suffix("").parts
        if len(parts) == 2 and parts[1] in ("__init__", "__main__"):
            continue  # the door
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            yield from ((parts[1], name.split(".")[1]) for name in names if name[:4] == "tcm.")


def test_no_import_runs_upward_and_wings_do_not_meet():
    pairs = set(_imports())
    upward = {(a, b) for a, b in pairs if HEIGHTS.get(a, 0) < HEIGHTS.get(b, 0)}
    beside = {(a, b) for a, b in pairs if {a, b} <= WINGS and a != b}
    assert not upward and not beside
    assert ("reader", "inference") in pairs  # so that the test looks at something


def test_importing_the_package_imports_nothing_slow():
    code = "import sys, tcm; print(sorted({m.split('.')[0] for m in sys.modules}))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert not {"'torch'", "'numpy'", "'cv2'", "'lightning'"} & set(done.stdout[1:-2].split(", "))
