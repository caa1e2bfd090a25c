"""Door to `tcm.cli.train`."""

from tcm.cli.main import run
from tcm.cli.train import main

run(main)
