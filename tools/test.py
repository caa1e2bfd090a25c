"""Door to `tcm.cli.test`."""

from tcm.cli.main import run
from tcm.cli.test import main

run(main)
