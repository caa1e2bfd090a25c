"""What all command line tools share: turning a user's mistake into one clear line."""

import sys
import traceback
from collections.abc import Callable

from tcm.errors import TCMError


def run(main: Callable[[list[str]], int]) -> None:
    """Run a command with the arguments of the process and exit with its status.

    A `TCMError` is printed as ``error: ...`` and exits with status 2; with ``--debug`` among the
    arguments its traceback is printed too.
    """
    arguments = sys.argv[1:]
    debug = "--debug" in arguments
    try:
        sys.exit(main([argument for argument in arguments if argument != "--debug"]))
    except TCMError as error:
        if debug:
            traceback.print_exc()
        sys.stderr.write(f"error: {_message(error)}\n")
        sys.exit(2)
    except KeyboardInterrupt:
        sys.stderr.write("interrupted\n")
        sys.exit(130)


def _message(error: TCMError) -> str:
    """Return the error's text; of one from a data worker without the worker's traceback."""
    text = str(error)
    kind = f"{type(error).__module__}.{type(error).__qualname__}: "
    in_worker = text.startswith("Caught ") and kind in text
    return text.rpartition(kind)[2].strip() if in_worker else text
