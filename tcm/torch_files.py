"""Files of ``torch.save`` and TorchScript, read as data: nothing in them is ever called.

``torch.load`` does so with ``weights_only=True``; but ``torch.jit.load`` runs what an archive gives
as ``__setstate__``, which may write any file. An archive such as OpenAI's CLIP is a zip: `data.pkl`
has the modules and their attributes, `data/KEY` the numbers of each tensor, and `code/` says which
attributes are parameters and buffers. That is all that a state dict needs.
"""

import contextlib
import io
import math
import re
import struct
import sys
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from pickle import UnpicklingError
from typing import Any

import torch
from torch import Tensor

from tcm.errors import CheckpointError
from tcm.pickled_data import Call, Storage, Unpickled, unpickle
from tcm.torch_versions import itemsize

_DTYPES = {
    "torch.DoubleStorage": torch.float64,
    "torch.FloatStorage": torch.float32,
    "torch.HalfStorage": torch.float16,
    "torch.BFloat16Storage": torch.bfloat16,
    "torch.LongStorage": torch.int64,
    "torch.IntStorage": torch.int32,
    "torch.ShortStorage": torch.int16,
    "torch.CharStorage": torch.int8,
    "torch.ByteStorage": torch.uint8,
    "torch.BoolStorage": torch.bool,
}
_LEGACY_PICKLES = 5  # magic number, version, system, content, names of the storages
_ZIP = b"PK\x03\x04"
_TENSOR = "torch._utils._rebuild_tensor_v2"
_CODE = "__torch__"
_CODE_BYTES = 64 << 20  # of one file of an archive's code, unpacked
_DEPTH = 64  # modules in modules
_PARTS = 100_000  # modules, parameters and buffers
_CLASS = re.compile(
    r"^class (\w+)\(Module\):\n  __parameters__ = \[(.*)\]\n(?:  __buffers__ = \[(.*)\]\n)?", re.M
)


def load_torch(path: Path, wanted: str = "readable checkpoint") -> Any:
    """Return the content of a file of ``torch.save``, on the CPU.

    Args:
        path: The file.
        wanted: What it should be, for the error.

    Raises:
        CheckpointError: It is damaged, holds objects that are not plain data, or is TorchScript.
    """
    if is_scripted(path, wanted):
        raise CheckpointError(f"{path}: no {wanted} (a TorchScript archive)")
    with _damage_named(path, wanted):
        _check_storages(path)
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # of a damaged file it raises whatever there is
        raise _unreadable(path, wanted, error) from error


_ANEW = (
    "if you trust where it is from, save its tensors anew: "
    "torch.save({'model': torch.load(OLD, weights_only=False)['model']}, NEW)"
)


def is_scripted(path: Path, wanted: str = "weights file") -> bool:
    """Tell whether a file is a TorchScript archive.

    Raises:
        CheckpointError: It begins as a zip and is none.
    """
    with _damage_named(path, wanted):
        if not _starts_as_zip(path):
            return False
        with zipfile.ZipFile(path) as file:
            return any(name.endswith("/constants.pkl") for name in file.namelist())


def read_scripted(path: Path, wanted: str = "weights file") -> dict[str, Tensor]:
    """Return the state dict of a TorchScript archive: what ``torch.jit.load`` would give.

    Raises:
        CheckpointError: It is damaged, or its modules are made by code.
    """
    with _damage_named(path, wanted), zipfile.ZipFile(path) as file:
        archive = _Archive(file, path)
        return dict(archive.entries(archive.unpickled().content, "", 0))


def _starts_as_zip(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(len(_ZIP)) == _ZIP


def _check_storages(path: Path) -> None:
    """Refuse a file that claims more bytes of numbers than it has, or keys that are no plain ones.

    Not every release of PyTorch compares the two before it reads.
    """
    if _starts_as_zip(path):
        with zipfile.ZipFile(path) as file:
            archive = _Archive(file, path)
            for storage in archive.unpickled().storages:
                archive.require(storage)
        return
    with path.open("rb") as stream:
        found = [unpickle(stream).storages for _ in range(_LEGACY_PICKLES)]
    claimed = {s.key: s.length * _itemsize(s) for storages in found for s in storages}
    _require_bytes(path, sum(claimed.values()))


def _require_bytes(path: Path, claimed: int) -> None:
    size = path.stat().st_size
    if claimed > size:
        raise CheckpointError(f"{path}: damaged: claims {claimed} bytes of numbers and has {size}")


def _itemsize(storage: Storage) -> int:
    """Return the bytes of an element; 1 of kinds that are unknown here."""
    dtype = _DTYPES.get(storage.kind)
    return itemsize(dtype) if dtype else 1


class _Archive:
    """A zip of PyTorch's, opened.

    Raises:
        CheckpointError: Names are there twice, in which PyTorch finds another one than Python does.
    """

    def __init__(self, file: zipfile.ZipFile, path: Path) -> None:
        self.file, self.path = file, path
        names = [name.lower() for name in file.namelist()]
        if not names or len(set(names)) != len(names):
            raise CheckpointError(f"{path}: damaged: entries of one name, or none")
        self.root = PurePosixPath(file.namelist()[0]).parts[0]
        order = f"{self.root}/byteorder"
        if order in file.namelist() and file.read(order).decode() != sys.byteorder:
            raise CheckpointError(f"{path}: written on a machine of the other byte order")
        self._declared: dict[str, dict[str, list[str]]] = {}
        self._storages: dict[str, Tensor] = {}
        self._parts = 0
        stored = [e.file_size for e in file.infolist() if e.compress_type == zipfile.ZIP_STORED]
        _require_bytes(path, sum(stored))

    def unpickled(self) -> Unpickled:
        return unpickle(io.BytesIO(self._stored("data.pkl")))

    def entries(self, module: Any, place: str, depth: int) -> Iterator[tuple[str, Tensor]]:
        """Yield what is in a module's state dict, in its order.

        Raises:
            CheckpointError: A module is not plain attributes, or there are too many.
        """
        self._count_part()
        attributes = module.state if isinstance(module, Call) else None
        tensors = self._tensors_of(module.name) if isinstance(module, Call) else None
        if tensors is None or not isinstance(attributes, dict) or depth > _DEPTH:
            raise CheckpointError(
                f"{self.path}: {place[:-1] or 'its root'} is no module of plain attributes, or "
                f"more than {_DEPTH} deep"
            )
        for name in tensors:
            if attributes.get(name) is not None:
                yield place + name, self._tensor(attributes[name], place + name)
        for name, child in attributes.items():
            if isinstance(child, Call) and self._tensors_of(child.name) is not None:
                yield from self.entries(child, f"{place}{name}.", depth + 1)

    def _count_part(self) -> None:
        self._parts += 1  # a module that is met again in another one counts again
        if self._parts > _PARTS:
            raise CheckpointError(f"{self.path}: more than {_PARTS} modules and parameters")

    def _tensors_of(self, qualified: str) -> list[str] | None:
        """Return the parameters and buffers of a class; None if it is not the archive's module."""
        *parts, name = qualified.split(".")
        if parts[:1] != [_CODE]:
            return None
        module = "/".join(parts)
        if module not in self._declared:
            code = self._read(f"code/{module}.py", _CODE_BYTES).decode()
            self._declared[module] = {
                found[1]: re.findall(r'"([^"]*)"', found[2] + (found[3] or ""))
                for found in _CLASS.finditer(code)
            }
        return self._declared[module].get(name)

    def _tensor(self, record: Any, place: str) -> Tensor:
        """Return a tensor that owns the numbers it has in the archive.

        Raises:
            CheckpointError: It is no dense tensor, or it reaches beyond its storage.
        """
        self._count_part()
        if not isinstance(record, Call) or record.name != _TENSOR:
            raise CheckpointError(f"{self.path}: '{place}' is no dense tensor")
        storage, offset, size, stride = record.arguments[:4]
        numbers = (offset, *size, *stride)
        if len(size) != len(stride) or not all(type(n) is int and n >= 0 for n in numbers):
            raise CheckpointError(f"{self.path}: '{place}' has no valid shape")
        flat = self._storage(storage)
        count = math.prod(size)
        last = offset + sum((n - 1) * step for n, step in zip(size, stride, strict=True))
        if count > len(flat) or (count and last >= len(flat)):
            raise CheckpointError(f"{self.path}: damaged: '{place}' is larger than its storage")
        return flat.as_strided(size, stride, offset) if count else flat.new_empty(size)

    def _storage(self, storage: Storage) -> Tensor:
        if storage.key not in self._storages:
            self.require(storage)
            data = bytearray(self._stored(f"data/{storage.key}"))
            dtype = _DTYPES[storage.kind]
            self._storages[storage.key] = (
                torch.frombuffer(data, dtype=dtype, count=storage.length)
                if storage.length
                else torch.empty(0, dtype=dtype)
            )
        return self._storages[storage.key]

    def require(self, storage: Storage) -> None:
        """Refuse a storage that claims more than its entry holds."""
        held = self.file.getinfo(f"{self.root}/data/{storage.key}").file_size
        if storage.length * _itemsize(storage) > held:
            raise CheckpointError(
                f"{self.path}: damaged: storage {storage.key} claims {storage.length} elements of "
                f"{storage.kind} in {held} bytes"
            )

    def _stored(self, name: str) -> bytes:
        entry = self.file.getinfo(f"{self.root}/{name}")
        if entry.compress_type != zipfile.ZIP_STORED:
            raise CheckpointError(f"{self.path}: '{name}' is compressed, which PyTorch never does")
        return self.file.read(entry)

    def _read(self, name: str, limit: int) -> bytes:
        with self.file.open(f"{self.root}/{name}") as stream:
            data = stream.read(limit + 1)
        if len(data) > limit:
            raise CheckpointError(f"{self.path}: '{name}' is larger than {limit >> 20} MB")
        return data


@contextlib.contextmanager
def _damage_named(path: Path, wanted: str) -> Iterator[None]:
    """Turn what the reading of damaged bytes raises into a CheckpointError."""
    try:
        yield
    except (
        zipfile.BadZipFile,
        zlib.error,
        struct.error,
        UnpicklingError,
        ArithmeticError,
        AttributeError,
        EOFError,
        LookupError,
        MemoryError,
        OSError,
        RuntimeError,
        TypeError,
        ValueError,
    ) as error:
        raise _unreadable(path, wanted, error) from error


def _unreadable(path: Path, wanted: str, error: Exception) -> CheckpointError:
    objects = isinstance(error, UnpicklingError) and "GLOBAL" in str(error)
    how = f": it holds objects, which nothing here runs; {_ANEW}" if objects else ""
    return CheckpointError(f"{path}: no {wanted} ({type(error).__name__}){how}")
