"""Turn a raw dataset into annotation files; see --help."""

from tcm.cli.main import run
from tcm.cli.prepare_data import main

if __name__ == "__main__":
    run(main)
