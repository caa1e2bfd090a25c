"""What is taken out of a foreign config, and the list of what was left in it."""

from collections.abc import Mapping
from typing import Any

from tcm.errors import ConfigError, shown

_GONE = object()


class Part:
    """A mapping of MMOCR's that is emptied argument by argument.

    Args:
        values: The mapping; it is left as it is.
        place: Where it stands, such as ``model.neck``.
        lacking: Gets a line for everything that has no counterpart here.
    """

    def __init__(self, values: Any, place: str, lacking: list[str]) -> None:
        if not isinstance(values, Mapping):
            raise ConfigError(f"{place}: a dict is wanted, got {shown(values)}")
        self.values = dict(values)
        self.place, self.lacking = place, lacking

    @property
    def kind(self) -> str:
        """Return the type without its scope, such as ``ResNet`` of ``mmdet.ResNet``."""
        return str(self.values.get("type", "")).rpartition(".")[2]

    def take(self, name: str, default: Any = None) -> Any:
        """Return an argument, which is then no longer left."""
        return self.values.pop(name, default)

    def part(self, name: str) -> "Part":
        """Return an argument that is a mapping, or an empty one."""
        return Part(self.take(name) or {}, f"{self.place}.{name}", self.lacking)

    def renamed(self, names: Mapping[str, str]) -> dict[str, Any]:
        """Return those arguments that are there, under our names."""
        found = {ours: self.take(theirs, _GONE) for theirs, ours in names.items()}
        return {name: value for name, value in found.items() if value is not _GONE}

    def expect(self, **known: Any) -> None:
        """Take arguments that may have one value only."""
        for name, wanted in known.items():
            value = self.take(name, wanted)
            if value != wanted:
                self.lack(f"{name}={shown(value)}", f"here it is always {shown(wanted)}")

    def ignore(self, *names: str) -> None:
        """Take arguments that say nothing which is not known already."""
        for name in names:
            self.values.pop(name, None)

    def lack(self, what: str, why: str) -> None:
        """Note that something has no counterpart."""
        self.lacking.append(f"{self.place}: {what}: {why}")

    def done(self) -> None:
        """Note what is left."""
        self.ignore("type")
        for name, value in self.values.items():
            self.lack(f"{name}={shown(value)}", "no counterpart")
