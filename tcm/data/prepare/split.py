"""Parting images into two sets, each by its own name: adding images moves none of the others."""

import hashlib
from collections.abc import Sequence

from tcm.data.formats.unified import ImageRecord
from tcm.errors import DataError

_DIGEST = 8  # bytes of the hash


def split_by_name(
    records: Sequence[ImageRecord], names: Sequence[str], share: float, seed: int = 0
) -> tuple[list[ImageRecord], list[ImageRecord]]:
    """Return the records of about `share` of the images, and those of the others.

    An image belongs to the former if the hash of the seed and of its name is below the share, so
    that it stays where it is when others are added.

    Args:
        records: The images.
        names: A name for each, such as its path within the folder of all.
        share: In (0, 1).
        seed: Another one parts them otherwise.

    Raises:
        DataError: One of the sets is empty.
    """
    chosen = [_position(name, seed) < share for name in names]
    first = [record for record, is_first in zip(records, chosen, strict=True) if is_first]
    second = [record for record, is_first in zip(records, chosen, strict=True) if not is_first]
    if not first or not second:
        counts = f"{len(first)} and {len(second)} images"
        raise DataError(f"a split of {counts}: another share or seed is wanted, or more images")
    return first, second


def _position(name: str, seed: int) -> float:
    """Return a number in [0, 1) for a name."""
    digest = hashlib.blake2b(
        f"{seed}/{name}".encode("utf-8", "surrogateescape"), digest_size=_DIGEST
    )
    return int.from_bytes(digest.digest(), "big") / 2 ** (8 * _DIGEST)
