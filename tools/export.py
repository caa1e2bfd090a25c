"""Door to `tcm.cli.export`."""

from tcm.cli.main import run_command

if __name__ == "__main__":
    run_command("export")
