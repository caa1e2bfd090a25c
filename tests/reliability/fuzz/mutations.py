"""Seeded mutations of files: of their bytes, and of what is in them by their format."""

import io
import json
import re
import struct
import zipfile
import zlib
from collections.abc import Callable, Sequence
from random import Random
from typing import Any

_LARGEST = 2**21  # bytes of a mutated file
_NUMBER = re.compile(rb"-?\d+(?:\.\d+)?")
_TOKENS = [
    *(b"0", b"-1", b"1e400", b"-1e39", b"1e39", b"1e20", b"nan", b"NaN", b"inf", b"-Infinity"),
    *(b"9" * 400, b"9" * 5000, b"1000001", b"-1000000", b"2147483648", b"1e-320", b"0x10", b"1_0"),
    *(
        b"",
        b" ",
        b"###",
        b"####",
        b'"',
        b"'",
        b"\\",
        b",",
        b"\t",
        b"\r",
        b"\x00",
        b"\xff",
        b"\xef\xbb\xbf",
    ),
    *(
        b"null",
        b"true",
        b"[",
        b"]",
        b"{",
        b"}",
        b"<",
        b">",
        b"&",
        b"../",
        b"\\ud800",
        b"\xed\xa0\x80",
    ),
    *("٣".encode(), "²".encode(), "é".encode(), "😀".encode(), "\u2028".encode(), b"u'", b"[["),
]
_VALUES: list[Any] = [
    *(None, True, False, 0, -1, 1, 1e20, 1e39, -1e308, 10**400, 2**31, 2**63, 2**64, -(2**63)),
    *(
        float("nan"),
        float("inf"),
        0.5,
        1_000_000,
        1_000_001,
        "",
        " ",
        "a",
        "\0",
        "\ud800",
        "\udc80",
    ),
    *("..", "/", ".", "###", "a" * 5000, [], {}, [1], [[1, 2]], {"a": 1}, [None], ["1", "2"] * 4),
]
_SIZES = {1: "B", 2: "H", 4: "I", 8: "Q"}
_EXTREMES = (0, 1, 2, 7, 8, 127, 128, 255, 65535, 2**31 - 1, 2**31, 2**32 - 1, 2**63, 2**64 - 1)

Mutation = Callable[[bytes, Random, Sequence[bytes]], bytes]


def mutated(data: bytes, name: str, rng: Random, others: Sequence[bytes]) -> bytes:
    """Return a mutation of a file.

    Args:
        data: Its bytes.
        name: Its name, whose suffix tells what is in it.
        rng: What decides.
        others: Other files, to take parts of.
    """
    kinds = [kind for suffixes, kind in _BY_SUFFIX if name.lower().endswith(suffixes)]
    for _ in range(rng.choice((1, 1, 1, 2, 3, 6))):
        mutation = rng.choice(kinds) if kinds and rng.random() < 0.6 else rng.choice(_OF_BYTES)
        data = mutation(data, rng, others)[:_LARGEST]
    return data


def _place(data: bytes, rng: Random) -> tuple[int, int]:
    """Return a random part, short more often than long."""
    start = rng.randrange(len(data) + 1)
    length = min(int(2 ** rng.uniform(0, 12)), len(data) - start)
    return start, start + length


def flip(data: bytes, rng: Random, others: Sequence[bytes]) -> bytes:
    """Flip some bits."""
    content = bytearray(data)
    for _ in range(rng.choice((1, 1, 2, 8)) if content else 0):
        content[rng.randrange(len(content))] ^= 1 << rng.randrange(8)
    return bytes(content)


def cut(data: bytes, rng: Random, others: Sequence[bytes]) -> bytes:
    """Cut off the end."""
    return data[: rng.randrange(len(data) + 1)]


def remove(data: bytes, rng: Random, others: Sequence[bytes]) -> bytes:
    """Remove a part."""
    start, end = _place(data, rng)
    return data[:start] + data[end:]


def insert(data: bytes, rng: Random, others: Sequence[bytes]) -> bytes:
    """Insert noise, zeros or a token."""
    at = rng.randrange(len(data) + 1)
    length = rng.choice((1, 2, 4, 16, 300))
    part = rng.choice((rng.randbytes(length), bytes(length), b"\xff" * length, rng.choice(_TOKENS)))
    return data[:at] + part + data[at:]


def repeat(data: bytes, rng: Random, others: Sequence[bytes]) -> bytes:
    """Repeat a part, seldom very often."""
    start, end = _place(data, rng)
    times = rng.choice((2, 2, 3, 10, 1000))
    return data[:start] + data[start:end] * times + data[end:]


def splice(data: bytes, rng: Random, others: Sequence[bytes]) -> bytes:
    """Put a part of another file over a part of this one."""
    other = rng.choice(list(others)) if others else data
    start, end = _place(data, rng)
    first, last = _place(other, rng)
    return data[:start] + other[first:last] + data[end:]


def number(data: bytes, rng: Random, others: Sequence[bytes]) -> bytes:
    """Put something extreme for a written number."""
    found = list(_NUMBER.finditer(data[: 2**16]))
    if not found:
        return insert(data, rng, others)
    match = rng.choice(found)
    return data[: match.start()] + rng.choice(_TOKENS) + data[match.end() :]


def field(data: bytes, rng: Random, others: Sequence[bytes]) -> bytes:
    """Put something extreme, or a little more or less, for a binary number."""
    size = rng.choice(list(_SIZES))
    if len(data) < size:
        return data
    at = rng.randrange(len(data) - size + 1)
    at -= at % rng.choice((1, size))
    order = rng.choice("<>")
    (value,) = struct.unpack_from(order + _SIZES[size], data, at)
    value = rng.choice((*_EXTREMES, value + 1, value - 1, value * 2, value ^ 0x80)) % 256**size
    return data[:at] + struct.pack(order + _SIZES[size], value) + data[at + size :]


def lines(data: bytes, rng: Random, others: Sequence[bytes]) -> bytes:
    """Change lines, or the fields of one."""
    rows = data.split(b"\n")
    at = rng.randrange(len(rows))
    kind = rng.randrange(6)
    if kind == 0:
        rows[at:at] = [rows[at]] * rng.choice((1, 2, 100))
    elif kind == 1:
        del rows[at]
    elif kind == 2:
        rows[at] = rng.choice((b"", b" ", b"\xff", b"a", b",", b"1,2,3", rng.choice(_TOKENS) * 50))
    else:
        mark = rng.choice((b",", b" ", b"\t"))
        fields = rows[at].split(mark)
        chosen = rng.randrange(len(fields))
        if kind == 3:
            fields[chosen] = rng.choice(_TOKENS)
        elif kind == 4:
            del fields[chosen]
        else:
            fields[chosen:chosen] = [fields[chosen]] * rng.choice((1, 2, 3, 1000))
        rows[at] = mark.join(fields)
    return b"\n".join(rows)


def tree(data: bytes, rng: Random, others: Sequence[bytes]) -> bytes:
    """Change a value, a key or the nesting of a JSON text."""
    try:
        content = json.loads(data)
        places = list(_places(content))
    except (ValueError, RecursionError):
        return number(data, rng, others)
    if not places or rng.random() < 0.02:
        depth = rng.choice((50, 990, 100_000))
        nested = rng.choice(("[", '{"data_list":', '{"a":')) * depth
        return rng.choice((nested.encode(), data[:-2] + b"," + nested.encode()))
    holder, key = rng.choice(places)
    kind = rng.randrange(5)
    if kind == 0:
        del holder[key]
    elif kind == 1 and isinstance(holder, list):
        holder[key:key] = [holder[key]] * rng.choice((1, 2, 50))
    elif kind == 2 and isinstance(holder, dict):
        holder[rng.choice(("", "id", "polygon", "poly", "text", key.upper()))] = holder.pop(key)
    elif kind == 3:
        other, other_key = rng.choice(places)
        holder[key] = json.loads(json.dumps(other[other_key]))
    else:
        holder[key] = rng.choice(_VALUES)
    return json.dumps(content).encode()


def _places(content: Any) -> list[tuple[Any, Any]]:
    found, left = [], [content] if isinstance(content, dict | list) else []
    while left and len(found) < 10_000:
        holder = left.pop()
        keys = list(holder) if isinstance(holder, dict) else range(len(holder))
        found += [(holder, key) for key in keys]
        left += [holder[key] for key in keys if isinstance(holder[key], dict | list)]
    return found


def members(data: bytes, rng: Random, others: Sequence[bytes]) -> bytes:
    """Change the content, name or form of a file in a zip."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            files = [(info.filename, archive.read(info)[:_LARGEST]) for info in archive.infolist()]
    except Exception:  # it was damaged before
        return field(data, rng, others)
    at = rng.randrange(len(files)) if files else 0
    name, content = files[at] if files else ("a.txt", b"")
    kind = rng.randrange(8)
    method = zipfile.ZIP_DEFLATED
    if kind == 0:
        method = rng.choice((zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA, zipfile.ZIP_STORED))
    elif kind == 1:
        name = rng.choice(
            ("", "../a", "/", "a/", "__MACOSX/x", ".b", "é\0", "res_img_1.txt", name * 9)
        )
    elif kind == 2:
        line = rng.choice((b"0", b"\n", b"1,", b"1,1,9,1,9,9,1,9\n"))
        content = line * (2**23 // len(line) * rng.choice((1, 1, 1, 3)))
    else:
        content = mutated(content, rng.choice(("a.txt", name)), rng, others)
    files[at : at + 1] = [(name, content)] * rng.choice((1, 1, 1, 2))
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", method) as archive:
        for member, text in files:
            archive.writestr(zipfile.ZipInfo(member or "x"), text, method)
    found = stream.getvalue()
    if kind == 3:  # flags, method or sizes of an entry
        start = found.find(rng.choice((b"PK\x01\x02", b"PK\x03\x04"))) + rng.randrange(4, 30)
        found = found[:start] + bytes([rng.randrange(256)]) + found[start + 1 :]
    return found


def variables(data: bytes, rng: Random, others: Sequence[bytes]) -> bytes:
    """Change what is packed in a MATLAB file."""
    found, at = data[:128], 128
    while at + 8 <= len(data):
        kind, length = struct.unpack_from("<II", data, at)
        part = data[at + 8 : at + 8 + length]
        at += 8 + length
        if kind == 15:
            try:
                inner = zlib.decompress(part)
            except zlib.error:
                inner = part
            inner = rng.choice((field, flip, remove, cut, repeat))(inner, rng, others)
            part = zlib.compress(inner[:_LARGEST])
        found += struct.pack("<II", kind, len(part)) + part
    return found


def chunks(data: bytes, rng: Random, others: Sequence[bytes]) -> bytes:
    """Change a chunk of a PNG and correct its checksum."""
    if data[:4] != b"\x89PNG":
        return field(data, rng, others)
    found, at = [], 8
    while at + 12 <= len(data):
        (length,) = struct.unpack_from(">I", data, at)
        found.append((data[at + 4 : at + 8], data[at + 8 : at + 8 + length]))
        at += 12 + length
    if not found:
        return data
    chosen = rng.randrange(len(found))
    kind, body = found[chosen]
    body = rng.choice((field, flip, remove, insert))(body, rng, others)
    found[chosen : chosen + 1] = [(kind, body)] * rng.choice((1, 1, 2))
    return data[:8] + b"".join(
        struct.pack(">I", len(b)) + k + b + struct.pack(">I", zlib.crc32(k + b)) for k, b in found
    )


_OF_BYTES: list[Mutation] = [flip, cut, remove, insert, repeat, splice, number, field]
_BY_SUFFIX: list[tuple[tuple[str, ...], Mutation]] = [
    ((".json", ".jsonl"), tree),
    ((".txt", ".gt", ".jsonl", ".xml", ".yaml", ".csv"), lines),
    ((".txt", ".gt", ".xml", ".yaml"), number),
    ((".zip",), members),
    ((".mat",), variables),
    ((".png",), chunks),
    ((".mdb", ".bin", ".jpg", ".bmp", ".tif", ".gif", ".webp"), field),
]
