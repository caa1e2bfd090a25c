"""Door to `tcm.cli.train`."""

from tcm.cli.train import main
from tcm.cli.main import run

run(main)
