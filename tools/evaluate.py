"""Door to `tcm.cli.evaluate`."""

from tcm.cli.main import run_command

if __name__ == "__main__":  # spawned data workers import this file
    run_command("evaluate")
