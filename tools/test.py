"""Door to `tcm.cli.test`."""

from tcm.cli.test import main
from tcm.cli.main import run

run(main)
