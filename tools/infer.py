"""Door to `tcm.cli.infer`."""

from tcm.cli.infer import main
from tcm.cli.main import run

run(main)
