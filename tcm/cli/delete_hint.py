"""The hint at ``_delete_`` where a config's own type has got the arguments of its base's type."""

import re
from collections.abc import Mapping, Sequence


def with_delete_hint(mistakes: Sequence[str], kept: Mapping[str, tuple[str, set]]) -> list[str]:
    """Return the lines about a config, those on what a base's type left replaced by one a place.

    Args:
        mistakes: Lines such as ``data.train.dataset.size: TextDataset takes no argument 'size'``.
        kept: Of `kept_arguments`.
    """
    lines: dict[str, list[str]] = {}  # by what they are replaced by, the argument of each
    for line in mistakes:
        found = re.match(r"(.+)\.(\w+): (\S+) takes no argument ", line)
        old, left = kept.get(found[1], ("", set())) if found else ("", set())
        if found and found[2] in left:
            lines.setdefault(f"{found[1]}|{found[3]}|{old}", []).append(found[2])
        else:
            lines[line] = []
    return [_line(key, arguments) if arguments else key for key, arguments in lines.items()]


def _line(key: str, arguments: Sequence[str]) -> str:
    place, new, old = key.split("|")
    names = ", ".join(arguments)
    return (
        f"{place}: {new} does not take what {old} of the base leaves ({names}); add "
        f"`_delete_: true` beside `type: {new}`"
    )
