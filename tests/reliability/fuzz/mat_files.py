"""MATLAB files: the labels of Total-Text, SynthText and IIIT5K."""

import shutil
from pathlib import Path

import numpy as np

from tcm.data.formats import iiit5k, synthtext, totaltext
from tcm.data.formats.unified import text_instances

_NAMES = {"totaltext": "polygt.mat", "synthtext": "gt.mat", "iiit5k": "traindata.mat"}


def seeds(folder: Path) -> list[Path]:
    """Write the three, packed and not."""
    import scipy.io

    table = np.empty((2, 6), object)
    for i in range(2):
        xs, ys = np.array([[1, 9, 9, 1]], np.int16), np.array([[1, 1, 5, 5.5]])
        table[i] = ["x:", xs, "y:", ys, np.array(["word"]), "c#"[i]]
    names, boxes, texts = (np.empty((1, 2), object) for _ in range(3))
    for i, count in enumerate((1, 2)):
        names[0, i] = f"8/a_{i}.jpg"
        boxes[0, i] = np.float32([[[1] * 2, [9] * 2, [9] * 2, [1] * 2]] * 2)[..., :count].squeeze()
        texts[0, i] = np.array(["a ", "b\n"][:count])
    words = np.empty((1, 2), [("ImgName", object), ("GroundTruth", object)])
    for i in range(2):
        words[0, i] = (f"train/{i}.png", "WORD")
    contents = {
        "totaltext": {"polygt": table},
        "synthtext": {"imnames": names, "wordBB": boxes, "txt": texts},
        "iiit5k": {"traindata": words},
    }
    paths = []
    for packed in (False, True):
        for name, content in contents.items():
            paths.append(folder / f"{name}_{packed:d}.mat")
            scipy.io.savemat(paths[-1], content, do_compression=packed)
    return paths


def run(path: Path) -> None:
    """Read it as its name says."""
    name = path.name.partition("_")[0]
    if name == "totaltext":
        text_instances(totaltext.read_words(path, "unreadable"))
        return
    raw = path.parent / f"raw_{name}"
    raw.mkdir(exist_ok=True)
    shutil.copy(path, raw / _NAMES[name])
    _images(raw)
    (synthtext if name == "synthtext" else iiit5k).read(raw)


def _images(raw: Path) -> None:
    """Put the images and what else there is beside the labels."""
    import cv2

    for name in ("8/a_0.jpg", "8/a_1.jpg", "train/0.png", "train/1.png"):
        if not (raw / name).exists():
            (raw / name).parent.mkdir(exist_ok=True)
            data = cv2.imencode(raw.joinpath(name).suffix, np.zeros((8, 8, 3), np.uint8))[1]
            (raw / name).write_bytes(data.tobytes())
    (raw / "test.txt").write_text("train/0.png word\n")
