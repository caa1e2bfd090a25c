"""What all commands share: finding their modules, turning a user's mistake into one clear line."""

import importlib
import logging
import sys
import traceback
from collections.abc import Callable

import tcm as package
from tcm.cli.commands import COMMANDS, GROUPS, choose, summary
from tcm.cli.packages import how_to_install
from tcm.cli.terminal import Plain, plain
from tcm.deferred import defer_all
from tcm.errors import TCMError

_PLAIN = Plain()


def tcm() -> None:
    """Run what the arguments of the process name, such as ``train`` or ``data check``."""
    run(_run_chosen)


def run_command(name: str) -> None:
    """Run a command by its module's name: ``tcm.cli.NAME.main``, as of `run`."""
    run(lambda arguments: _run_module(name, arguments))


def _run_chosen(arguments: list[str]) -> int:
    if arguments[:1] == ["--version"]:
        print(f"tcm {package.__version__}")
        return 0
    group = arguments[0] if arguments and arguments[0] in GROUPS else ""
    rest = arguments[1:] if group else arguments
    if not rest or rest[0] in ("-h", "--help"):
        print(summary(group), file=sys.stdout if rest else sys.stderr)
        return 0 if rest else 2
    command, rest = choose(arguments)
    module, *first = COMMANDS[command][0].split()
    return _run_module(module, [*first, *rest])


def _run_module(name: str, arguments: list[str]) -> int:
    """Run a command; return its status.

    Its options are read once before its module and torch with it are imported, so that ``--help``
    and misspelt options are answered at once.
    """
    importlib.import_module(f"tcm.cli.parsers.{name}").parse(arguments)
    defer_all()
    return importlib.import_module(f"tcm.cli.{name}").main(arguments)


def run(main: Callable[[list[str]], int]) -> None:
    """Run a command with the arguments of the process and exit with its status.

    A `TCMError` is printed as ``error: ...`` and exits with status 2; with ``--debug`` among the
    arguments its traceback is printed too. So is a package that is not installed.
    """
    logging.getLogger("tcm").addFilter(_PLAIN)
    arguments = sys.argv[1:]
    debug = "--debug" in arguments
    try:
        sys.exit(main([argument for argument in arguments if argument != "--debug"]))
    except TCMError as error:
        _fail(_message(error), debug)
    except MemoryError as error:
        _fail(f"not enough memory: {plain(error)}", debug)
    except ModuleNotFoundError as error:
        how = how_to_install(error.name or "")
        if how is None:
            raise
        _fail(how, debug)
    except KeyboardInterrupt:
        sys.stderr.write("interrupted\n")
        sys.exit(130)


def _fail(message: str, debug: bool) -> None:
    if debug:
        traceback.print_exc()
    sys.stderr.write(f"error: {message}\n")
    sys.exit(2)


def _message(error: TCMError) -> str:
    """Return the error's text; of one from a data worker without the worker's traceback."""
    text = str(error)
    kind = f"{type(error).__module__}.{type(error).__qualname__}: "
    in_worker = text.startswith("Caught ") and kind in text
    lines = [text.rpartition(kind)[2].strip()] if in_worker else error.args
    return "\n".join(map(plain, lines))
