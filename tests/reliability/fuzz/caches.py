"""The caches of annotations: a damaged one is made anew."""

import json
from pathlib import Path

from tcm.data.storage import packed, packed_records
from tcm.data.storage.packed_records import PackedRecords

_STAMP = {"kind": "unified JSON", "version": packed.VERSION, "size": 1, "mtime_ns": 1}


def seeds(folder: Path) -> list[Path]:
    """Write one."""
    word = {"polygon": [1, 1, 9, 1, 9, 5], "ignore": False, "text": "é"}
    entry = {"img_path": "1.png", "height": 9, "width": 9, "instances": [word, word]}
    (folder / "train.json").write_text(json.dumps({"data_list": [entry] * 3}))
    packed.save(folder / "a.bin", packed_records.pack(folder / "train.json"), _STAMP)
    return [folder / "a.bin"]


def run(path: Path) -> None:
    """Read it, if it counts."""
    found = packed.load(path, _STAMP)
    if found is not None:
        list(PackedRecords(found, path.parent))
