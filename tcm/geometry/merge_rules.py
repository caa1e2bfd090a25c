"""The names of the rules of merging, which the options of a command need alone."""

from typing import Literal

MergeRule = Literal["mmrotate", "devkit"]
IOUS: dict[str, float] = {"mmrotate": 0.1, "devkit": 0.3}  # above which the worse of two goes
