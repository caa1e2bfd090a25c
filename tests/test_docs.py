"""What README and docs say can be done: commands parse, configs and links exist."""

import argparse
import importlib
import inspect
import re
import shutil
import subprocess
from functools import cache
from pathlib import Path

import pytest
import yaml

from tcm.cli.commands import COMMANDS, GROUPS, choose
from tcm.cli.configs import read_config
from tcm.cli.study import is_study, read_study
from tcm.registry import DATASETS, METRICS, MODELS, TRANSFORMS
from tcm.shipped import find_config, whole_configs

ROOT = Path(__file__).resolve().parents[1]
FOLDERS = (".", "configs", "data", "work_dirs", "benchmarks/scoreboard")
READMES = [ROOT / name / "README.md" for name in FOLDERS]
PAGES = [*READMES, *sorted((ROOT / "docs").rglob("*.md"))]
PARTS = ROOT / "docs/examples/my_parts.py"
NAMES = [str(page.relative_to(ROOT)) for page in PAGES]

# Commands are recorded, not run: the shell knows no programs but these, which print a line each.
_SHELL = r"""
PATH=
record() { local word; for word in "$@"; do printf '%s\x1f' "$word"; done; printf '\n'; }
for name in python tcm make pip pytest source; do eval "$name() { record $name \"\$@\"; }"; done
srun() { "$@"; }
command_not_found_handle() { record unknown "$@"; return 1; }
"""


class _Parsed(Exception):  # noqa: N818  # no error: it ends a command that has read its arguments
    pass


@pytest.fixture
def parse(monkeypatch):
    """Return a function that gives the namespace which a command makes of its arguments."""
    original = argparse.ArgumentParser.parse_args

    def parse_args(self, *args, **kwargs):
        raise _Parsed(original(self, *args, **kwargs))

    def parse(words):
        if words[0] == "tcm":
            command, rest = choose(words[1:])
            module, *first = COMMANDS[command][0].split()
            module = f"tcm.cli.{module}"
        elif words[1] == "-m":
            module, first, rest = words[2], [], words[3:]
        else:
            module, first, rest = f"tcm.cli.{Path(words[1]).stem}", [], words[2:]
        with pytest.raises(_Parsed) as caught:
            importlib.import_module(module).main([*first, *rest])
        return caught.value.args[0]

    monkeypatch.setattr(argparse.ArgumentParser, "parse_args", parse_args)
    return parse


def _text(page):
    return page.read_text(encoding="utf-8")


def _prose(page):
    """Return a page's text without its blocks of code."""
    return re.sub(r"^```.*?^```", "", _text(page), flags=re.DOTALL | re.MULTILINE)


def _commands(page):
    """Return the words of every command in the page's bash blocks and inline code."""
    blocks = re.findall(r"^```bash\n(.*?)^```", _text(page), re.DOTALL | re.MULTILINE)
    inline = re.findall(r"`((?:python tools/|srun |tcm )[^`]*)`", _prose(page))
    # A mention has no arguments, or options alone, as `tcm test --submission FILE`.
    mention = re.compile(r"tcm( [a-z][\w-]*)*( --.*| COMMAND.*)?")
    return _words([*blocks, *(line for line in inline if not mention.fullmatch(line))])


def _mentions(page):
    """Return the commands that the page's inline code mentions, each with its options."""
    inline = re.findall(r"`(tcm [^`]*)`", _prose(page))
    found = [re.match(r"tcm ((?:[a-z][\w-]* ?)*)", line)[1].split() for line in inline]
    options = [re.findall(r"--[a-z-]+", line) for line in inline]
    return [pair for pair in zip(found, options, strict=True) if pair[0]]


def _words(lines):
    """Return the words of each command of a script."""
    script = "\n".join([_SHELL, *lines])
    bash = shutil.which("bash")
    done = subprocess.run([bash, "-c", script], cwd=ROOT, capture_output=True, text=True)
    assert not done.stderr, done.stderr
    return [line.split("\x1f")[:-1] for line in done.stdout.splitlines()]


@cache
def _check_config(path, options):
    file = find_config(path, ROOT)
    return read_study(file) if is_study(file) else read_config(str(file), list(options))


def test_the_readme_is_short():
    assert len(_text(ROOT / "README.md").splitlines()) <= 150


def test_commands_are_found():
    assert {words[0] for page in PAGES for words in _commands(page)} >= {"tcm", "make", "pip"}
    page = _text(ROOT / "docs/commands.md")
    assert set(re.findall(r"^\| `tcm ([^`]*)` ", page, re.MULTILINE)) == set(COMMANDS)
    tools = set(re.findall(r"`(\w+\.py)[ \w-]*` \|$", page, re.MULTILINE))
    assert tools == {path.name for path in (ROOT / "tools").glob("*.py")}


@pytest.mark.parametrize("name", NAMES)
def test_commands_that_are_mentioned_exist(name, capsys):
    for command, options in _mentions(ROOT / name):
        if command[0] in GROUPS and len(command) == 1:
            continue
        chosen, first = choose(command)
        module, *more = COMMANDS[chosen][0].split()
        with pytest.raises(SystemExit):
            importlib.import_module(f"tcm.cli.parsers.{module}").parse([*more, *first, "--help"])
        text = capsys.readouterr().out
        assert [option for option in options if not re.search(rf"{option}\b", text)] == []


@pytest.mark.parametrize("name", NAMES)
def test_commands_name_programs_options_and_configs_that_exist(name, parse):
    targets = set(re.findall(r"^([\w-]+):", _text(ROOT / "Makefile"), re.MULTILINE))
    for words in _commands(ROOT / name):
        assert words[0] != "unknown", words
        if words[0] == "make":
            assert set(words[1:]) <= targets
        if words[0] in ("python", "tcm"):
            assert words[0] == "tcm" or words[1] == "-m" or (ROOT / words[1]).is_file(), words
            args = parse(words)
            configs = getattr(args, "configs", None) or [getattr(args, "config", None)]
            for config in configs:
                if config and ("/" in config or config in whole_configs()):  # else a reader's own
                    _check_config(config, tuple(getattr(args, "cfg_options", ())))


@pytest.mark.parametrize("name", NAMES)
def test_checkpoints_are_those_of_configs(name):
    """A run is named after its config."""
    stems = {path.stem for path in (ROOT / "configs").rglob("*.yaml")}
    stems |= {path.stem for path in (ROOT / "docs").rglob("*.yaml")}
    words = [word for command in _commands(ROOT / name) for word in command]
    runs = [run[1] for word in words if (run := re.search(r"work_dirs/([^/]+)/\w+\.ckpt$", word))]
    assert set(runs) <= stems


@pytest.mark.parametrize("name", NAMES)
def test_links_lead_somewhere(name):
    page = ROOT / name
    for link in re.findall(r"\]\(([^)\s]+)\)", _prose(page)):
        if re.match(r"[a-z]+:", link):
            continue  # another site
        file, _, anchor = link.partition("#")
        target = (page.parent / file).resolve() if file else page
        assert target.is_file(), link
        if anchor:
            assert anchor in _anchors(target), link


@pytest.mark.parametrize("name", NAMES)
def test_what_is_included_exists(name):
    for included in re.findall(r'^--8<-- "(.*)"', _text(ROOT / name), re.MULTILINE):
        file, _, section = included.partition(":")
        assert (ROOT / file).is_file(), included
        assert not section or f"--8<-- [start:{section}]" in _text(ROOT / file), included


def test_the_table_of_configs_names_configs_that_exist():
    folder = ""
    rows = 0
    for line in _text(ROOT / "configs/README.md").splitlines():
        if head := re.match(r"\| config \(`(.*)`\)", line):
            folder = head[1]
        elif row := re.match(r"\| `(\w[^`]*)` \|", line):
            assert list((ROOT / "configs").glob(f"{folder}{row[1]}.yaml")), line
            rows += 1
        if line.startswith("|"):
            assert line.count("|") == 5, line  # a whole row
    assert rows > 50


@pytest.mark.parametrize("name", NAMES)
def test_parts_that_are_named_take_the_arguments_that_are_named(name):
    """In code such as `DBTargets: {min_side: 8}`, `{type: DBDecoder, output: poly}`."""
    for key, code in re.findall(r"`(?:(\w+): )?(\{[^`]*\})`", _prose(ROOT / name)):
        arguments = yaml.safe_load(code.replace("...", "null"))
        kind = key if key[:1].isupper() else arguments.pop("type", None)
        if kind is not None:
            (registry,) = [r for r in (MODELS, TRANSFORMS, DATASETS, METRICS) if kind in r]
            known = inspect.signature(registry.get(kind)).parameters
            assert set(arguments) - {"_delete_"} <= set(known), code


@pytest.mark.parametrize("name", NAMES)
def test_examples_of_configs_pass_the_check(name, tmp_path):
    for block in re.findall(r"^```yaml\n(_base_: .*?)^```", _text(ROOT / name), re.DOTALL | re.M):
        text = block.replace("my_parts.py", str(PARTS))
        (tmp_path / "my.yaml").write_text(text, encoding="utf-8")
        read_config(str(tmp_path / "my.yaml"))


@pytest.mark.parametrize("name", [n for n in NAMES if n.startswith("docs/methods/")])
def test_options_of_a_method_are_options_of_its_config(name):
    configs = [w for c in _commands(ROOT / name) for w in c if w in whole_configs()]
    paths = re.findall(r"`(model(?:\.\w+)+)`", _prose(ROOT / name))
    assert bool(paths) == bool(configs)
    for path in paths:
        node = _check_config(configs[0], ())["model"]
        for key in path.split(".")[1:]:
            if "type" in node and key != "type":
                assert key in inspect.signature(MODELS.get(node["type"])).parameters, path
            node = node.get(key) if isinstance(node.get(key), dict) else {}


def _anchors(page):
    """Return the anchors of a page's headings, as GitHub and MkDocs make them."""
    heads = re.findall(r"^#+ (.*)", _text(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).strip().replace(" ", "-") for head in heads}
