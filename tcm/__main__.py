"""``python -m tcm``: the command `tcm`."""

from tcm.cli.main import tcm

if __name__ == "__main__":  # spawned data workers import this file
    tcm()
