"""Pack the scoring oracles into ``scoring.tar.xz``: ``python tests/cases/pack.py ORACLES``.

Zips are stored in it without compression of their own, so that xz finds what their files share.
Equal oracles give equal bytes.
"""

import io
import sys
import tarfile
import zipfile
from pathlib import Path

FOLDER = "recognition_scoring"
BENCHMARKS = (
    *("ctw1500", "icdar2013_deteval", "icdar2015_detection", "icdar2015_end_to_end"),
    *("msra_td500", "polygon_spotting", "total_text"),
)
OTHERS = (
    *(f"{FOLDER}/B_word_accuracy/{n}.json" for n in ("word_accuracy", "label_normalisation")),
    *(f"{FOLDER}/D_lexicon/{name}.json" for name in ("cases", "expected")),
    "heads/hmean.npz",
)


def main(oracles: Path) -> None:
    files = [oracles / name for name in OTHERS]
    for benchmark in BENCHMARKS:
        files += sorted((oracles / FOLDER / "C_scoring" / benchmark).iterdir())
    with tarfile.open(Path(__file__).with_name("scoring.tar.xz"), "w:xz", preset=9) as archive:
        for file in files:
            content = stored(file) if file.suffix in (".zip", ".npz") else file.read_bytes()
            member = tarfile.TarInfo(file.relative_to(oracles).as_posix())
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))


def stored(file: Path) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(file) as source, zipfile.ZipFile(stream, "w") as target:
        for name in source.namelist():
            target.writestr(zipfile.ZipInfo(name), source.read(name), zipfile.ZIP_STORED)
    return stream.getvalue()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
