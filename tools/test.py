"""Door to `tcm.cli.test`."""

from tcm.cli.main import run
from tcm.cli.test import main

if __name__ == "__main__":  # spawned data workers import this file
    run(main)
