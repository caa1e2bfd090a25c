"""Door to `tcm.cli.evaluate`."""

from tcm.cli.evaluate import main
from tcm.cli.main import run

if __name__ == "__main__":  # spawned data workers import this file
    run(main)
