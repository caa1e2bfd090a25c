"""Door to `tcm.cli.fewshot`."""

from tcm.cli.fewshot import main
from tcm.cli.main import run

if __name__ == "__main__":  # spawned data workers import this file
    run(main)
