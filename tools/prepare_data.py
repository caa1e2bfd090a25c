"""Door to `tcm.cli.prepare_data`."""

from tcm.cli.main import run
from tcm.cli.prepare_data import main

if __name__ == "__main__":  # spawned data workers import this file
    run(main)
