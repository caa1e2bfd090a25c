"""One module a system: ``scenes()`` and ``words()`` return what reads the image at a path.

Each is imported in the environment of its own system, and needs nothing but that system.
"""

from typing import Any


def rounded(numbers: Any, digits: int = 1) -> Any:
    """Return numbers, or lists of them, with so many decimals, as plain floats."""
    if hasattr(numbers, "tolist"):
        numbers = numbers.tolist()
    if isinstance(numbers, list | tuple):
        return [rounded(one, digits) for one in numbers]
    return round(float(numbers), digits)
