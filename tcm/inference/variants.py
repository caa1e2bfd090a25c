"""The ways of running one network that a benchmark puts beside each other."""

from contextlib import AbstractContextManager
from dataclasses import dataclass

import torch

from tcm.devices import autocast
from tcm.errors import ConfigError, nearest

_SWITCHES = ("amp", "fold", "compile")


@dataclass(frozen=True)
class Variant:
    """What is switched on.

    Attributes:
        amp: The network under bf16 autocast; else in float32.
        fold: Batch norms folded into the convolutions; of deployed networks alone.
        compile: The network through `torch.compile`.
    """

    amp: bool = False
    fold: bool = False
    compile: bool = False

    @classmethod
    def parse(cls, text: str) -> "Variant":
        """Return the variant of a text such as ``fold+compile``; ``eager`` has nothing on.

        Raises:
            ConfigError: There is no such switch.
        """
        names = [] if text == "eager" else text.split("+")
        for name in names:
            if name not in _SWITCHES:
                known = ("eager", *_SWITCHES)
                raise ConfigError(f"--variants {text}: unknown '{name}'{nearest(name, known)}")
        return cls(**dict.fromkeys(names, True))

    def __str__(self) -> str:
        """Return what `parse` takes."""
        return "+".join(name for name in _SWITCHES if getattr(self, name)) or "eager"

    def autocast(self, device: torch.device) -> AbstractContextManager[object]:
        """Return the context that the network runs in."""
        return autocast("bf16" if self.amp else "float32", device)
