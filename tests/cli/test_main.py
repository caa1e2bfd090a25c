"""Help comes at once: no command imports what is slow before its options are read."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tcm.cli.main import run_command

ROOT = Path(__file__).resolve().parents[2]
SLOW = {"torch", "torchvision", "lightning", "cv2", "scipy", "shapely", "timm.layers", "omegaconf"}
# In a process of its own, for what it has imported; one for all of them, as each only adds.
SCRIPT = """
import contextlib, io, json, resource, sys
import tcm
loaded = {"import tcm": list(sys.modules)}
from tcm.cli.main import run_command
for tool in sys.argv.pop().split(","):
    sys.argv[1:] = ["--help"]
    with contextlib.suppress(SystemExit), contextlib.redirect_stdout(io.StringIO()) as text:
        run_command(tool)
    assert text.getvalue().startswith(f"usage: tools/{tool}.py"), text.getvalue()
    loaded[tool] = list(sys.modules)
used = resource.getrusage(resource.RUSAGE_SELF)
print(json.dumps({"loaded": loaded, "seconds": used.ru_utime + used.ru_stime}))
"""


def test_no_help_imports_what_is_slow():
    tools = sorted(path.stem for path in (ROOT / "tools").glob("*.py"))
    command = [sys.executable, "-c", SCRIPT, ",".join(tools)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert list(result["loaded"]) == ["import tcm", *tools]
    for what, modules in result["loaded"].items():
        assert not SLOW & set(modules), what
    assert not [name for name in result["loaded"]["import tcm"] if name.startswith("numpy")]
    assert result["seconds"] < 1.5  # of CPU, of all commands together


@pytest.mark.parametrize("arguments", [["--no-such"], ["a.yaml", "--seed", "x"]])
def test_a_wrong_option_is_told_before_anything_runs(arguments, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["tools/train.py", *arguments])
    monkeypatch.setitem(sys.modules, "tcm.cli.train", None)  # an import of it would be an error
    with pytest.raises(SystemExit) as exit_:
        run_command("train")
    assert exit_.value.code == 2
    assert "usage: tools/train.py" in capsys.readouterr().err
