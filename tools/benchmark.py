"""Door to `tcm.cli.benchmark`."""

from tcm.cli.benchmark import main
from tcm.cli.main import run

run(main)
