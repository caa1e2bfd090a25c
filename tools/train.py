"""Door to `tcm.cli.train`."""

from tcm.cli.main import run
from tcm.cli.train import main

if __name__ == "__main__":  # spawned data workers import this file
    run(main)
