"""Help comes at once: no command imports what is slow before its options are read."""

import importlib
import json
import subprocess
import sys
from pathlib import Path

import pytest

import tcm as package
from tcm.cli import packages
from tcm.cli.commands import COMMANDS, GROUPS
from tcm.cli.main import run, run_command, tcm
from tcm.shipped import whole_configs

CONFIGS = len(whole_configs())

ROOT = Path(__file__).resolve().parents[2]
SLOW = {"torch", "torchvision", "lightning", "cv2", "scipy", "shapely", "timm.layers", "omegaconf"}
# In a process of its own, for what it has imported; one for all of them, as each only adds.
SCRIPT = """
import contextlib, io, json, resource, sys
import tcm
loaded = {"import tcm": list(sys.modules)}
from tcm.cli import main
calls = json.loads(sys.argv.pop())
for usage, (file, *arguments) in calls.items():
    sys.argv[:] = [file, *arguments, "--help"]
    tool = file.removeprefix("tools/").removesuffix(".py")
    with contextlib.suppress(SystemExit), contextlib.redirect_stdout(io.StringIO()) as text:
        main.tcm() if tool == "tcm" else main.run_command(tool)
    assert text.getvalue().startswith(f"usage: {usage} "), text.getvalue()
    loaded[usage] = list(sys.modules)
used = resource.getrusage(resource.RUSAGE_SELF)
print(json.dumps({"loaded": loaded, "seconds": used.ru_utime + used.ru_stime}))
"""


def test_no_help_imports_what_is_slow():
    tools = [f"tools/{path.name}" for path in sorted((ROOT / "tools").glob("*.py"))]
    calls = {tool: [tool] for tool in tools}
    calls |= {f"tcm {name}": ["tcm", *name.split()] for name in (*COMMANDS, *GROUPS)}
    command = [sys.executable, "-c", SCRIPT, json.dumps({"tcm": ["tcm"], **calls})]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert list(result["loaded"]) == ["import tcm", "tcm", *calls]
    for what, modules in result["loaded"].items():
        assert not SLOW & set(modules), what
    at_once = {name.partition(".")[0] for name in result["loaded"]["import tcm"]}
    assert at_once - set(sys.stdlib_module_names) <= {"tcm", "sitecustomize", "__editable__"} | {
        name for name in at_once if name.startswith(("__", "_"))
    }
    assert [n for n in result["loaded"]["import tcm"] if n.split(".")[0] == "tcm"] == ["tcm"]
    assert result["seconds"] < 1.5  # of CPU, of all commands together


@pytest.mark.parametrize("arguments", [["--no-such"], ["quickstart", "--seed", "x"]])
def test_a_wrong_option_is_told_before_anything_runs(arguments, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["tools/train.py", *arguments])
    monkeypatch.setitem(sys.modules, "tcm.cli.train", None)  # an import of it would be an error
    with pytest.raises(SystemExit) as exit_:
        run_command("train")
    assert exit_.value.code == 2
    assert "usage: tools/train.py" in capsys.readouterr().err


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_its_modules(name):
    module = COMMANDS[name][0].split()[0]
    for place in ("tcm.cli", "tcm.cli.parsers"):
        assert importlib.util.find_spec(f"{place}.{module}"), module
    assert name.partition(" ")[0] in GROUPS or " " not in name


def _tcm(arguments, monkeypatch, capsys):
    """Return the status of `tcm` with arguments, and what it said."""
    monkeypatch.setattr(sys, "argv", ["tcm", *arguments])
    with pytest.raises(SystemExit) as exit_:
        tcm()
    return exit_.value.code, capsys.readouterr()


@pytest.mark.parametrize(
    ("line", "error"),
    [
        ("trian quickstart", "tcm: unknown command 'trian'; did you mean 'train'?"),
        ("dta", "tcm: unknown command 'dta'; did you mean 'data'?"),
        ("check a.json", "tcm: unknown command 'check'; did you mean 'data check'?"),
        ("data chekc a.json", "tcm data: unknown command 'chekc'; did you mean 'check'?"),
        ("benchmark modle", "tcm benchmark: unknown command 'modle'; did you mean 'model'?"),
        ("train quickstrat", "quickstrat: no such config file; did you mean 'quickstart.yaml'?"),
        (
            "info --configs fasttmc",
            f"--configs fasttmc: none of {len(whole_configs())} configs fits",
        ),
    ],
)
def test_a_misspelt_name_gets_the_nearest(line, error, monkeypatch, capsys):
    status, said = _tcm(line.split(), monkeypatch, capsys)
    assert status == 2
    assert said.err.startswith(f"error: {error}") and len(said.err.splitlines()) == 1


def test_without_a_command_the_help_is_an_error(monkeypatch, capsys):
    for arguments in ([], ["data"]):
        status, said = _tcm(arguments, monkeypatch, capsys)
        assert status == 2 and said.err.startswith("usage: tcm") and not said.out


def test_the_help_lists_every_command(monkeypatch, capsys):
    shown = ""
    for arguments in (["--help"], ["data", "--help"]):
        status, said = _tcm(arguments, monkeypatch, capsys)
        assert status == 0
        shown += said.out
    for name, (_, line) in COMMANDS.items():
        assert f"  {name.rpartition(' ')[2]} " in shown and line in shown


def test_the_version(monkeypatch, capsys):
    status, said = _tcm(["--version"], monkeypatch, capsys)
    assert (status, said.out) == (0, f"tcm {package.__version__}\n")


def test_a_package_that_lacks_is_one_line_with_its_extra(monkeypatch, capsys):
    monkeypatch.setattr(packages, "wanted", lambda: {"": ["torch"], "pdf": ["no-such-package"]})
    monkeypatch.setattr(sys, "argv", ["tcm"])

    def main(arguments):
        importlib.import_module("no_such_package")

    with pytest.raises(SystemExit) as exit_:
        run(main)
    assert exit_.value.code == 2
    expected = "error: no-such-package is needed for this and not installed: pip install 'tcm[pdf]'"
    assert capsys.readouterr().err == f"{expected}\n"


def test_a_module_that_lacks_for_a_bug_keeps_its_traceback(monkeypatch):
    monkeypatch.setattr(sys, "argv", ["tcm"])

    def main(arguments):
        importlib.import_module("tcm.no_such_module")

    with pytest.raises(ModuleNotFoundError):
        run(main)
