"""What all command line tools share: turning a user's mistake into one clear line."""

import importlib
import logging
import sys
import traceback
from collections.abc import Callable

from tcm.cli.terminal import Plain, plain
from tcm.deferred import defer_all
from tcm.errors import TCMError

_PLAIN = Plain()


def run_command(name: str) -> None:
    """Run a command by its name: ``tcm.cli.NAME.main``, as of `run`.

    Its options are read once before that module and torch with it are imported, so that ``--help``
    and misspelt options are answered at once.
    """

    def main(arguments: list[str]) -> int:
        importlib.import_module(f"tcm.cli.parsers.{name}").parse(arguments)
        defer_all()
        return importlib.import_module(f"tcm.cli.{name}").main(arguments)

    run(main)


def run(main: Callable[[list[str]], int]) -> None:
    """Run a command with the arguments of the process and exit with its status.

    A `TCMError` is printed as ``error: ...`` and exits with status 2; with ``--debug`` among the
    arguments its traceback is printed too.
    """
    logging.getLogger("tcm").addFilter(_PLAIN)
    arguments = sys.argv[1:]
    debug = "--debug" in arguments
    try:
        sys.exit(main([argument for argument in arguments if argument != "--debug"]))
    except TCMError as error:
        if debug:
            traceback.print_exc()
        sys.stderr.write(f"error: {_message(error)}\n")
        sys.exit(2)
    except MemoryError as error:
        if debug:
            traceback.print_exc()
        sys.stderr.write(f"error: not enough memory: {plain(error)}\n")
        sys.exit(2)
    except KeyboardInterrupt:
        sys.stderr.write("interrupted\n")
        sys.exit(130)


def _message(error: TCMError) -> str:
    """Return the error's text; of one from a data worker without the worker's traceback."""
    text = str(error)
    kind = f"{type(error).__module__}.{type(error).__qualname__}: "
    in_worker = text.startswith("Caught ") and kind in text
    lines = [text.rpartition(kind)[2].strip()] if in_worker else error.args
    return "\n".join(map(plain, lines))
