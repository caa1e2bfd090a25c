"""Door to `tcm.cli.browse_dataset`."""

from tcm.cli.browse_dataset import main
from tcm.cli.main import run

if __name__ == "__main__":  # spawned data workers import this file
    run(main)
