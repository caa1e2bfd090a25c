"""A system that costs nothing: says how often it was asked, and fails on an empty image."""

import sys
from pathlib import Path


def scenes(start="word"):
    asked = []

    def read(path):
        asked.append(path)
        sys.stdout.write("what packages print is not an answer\n")
        if not Path(path).read_bytes():
            raise ValueError(f"{path} is empty")
        box = [[0, 0], [30, 0], [30, 10], [0, 10]]
        return {"result": [{"box": box, "txt": f"{start} {len(asked)}", "score": 1.0}]}

    return read


def words():
    return lambda path: {"result": [{"txt": Path(path).stem, "score": 1.0}]}
