"""Whatever a reader is given, it takes it within bounds or names file and reason in one line."""

import io
import json
import os
import struct
import zipfile
import zlib
from pathlib import Path

import cv2
import lmdb
import numpy as np
import pytest
import scipy.io

from tcm import inputs
from tcm.annotations import (
    coco,
    cvat,
    hiertext,
    labelme,
    labelstudio,
    occluded_roadtext,
    ppocrlabel,
    rects,
    via,
)
from tcm.annotations.files import read_text
from tcm.data.datasets.lmdb_words import LMDBWords
from tcm.data.datasets.text_dataset import TextDataset
from tcm.data.formats import cocotext, ctw1500, msra_td500, rrc, totaltext, unified
from tcm.data.prepare.beziers import fit_texts
from tcm.data.storage import lmdb_files
from tcm.data.storage.images import read_image
from tcm.data.storage.label_files import read_labels
from tcm.errors import DataError
from tcm.evaluation.files.archives import read_archive
from tcm.evaluation.protocols import build_protocol
from tcm.evaluation.reading.lexicon import Lexicons
from tests.data.word_files import png, write_lmdb

READERS = {
    "quads": rrc.read_quads,
    "boxes": rrc.read_boxes,
    "polygons": rrc.read_polygons,
    "ctw lines": ctw1500.read_txt,
    "ctw xml": ctw1500.read_xml,
    "totaltext": totaltext.read_words,
    "msra": msra_td500.read_gt,
    "labels": read_labels,
    "unified": unified.read,
    "data set": lambda path: TextDataset(str(path)),
    "curves": lambda path: list(fit_texts(path)),
    "archive": lambda path: read_archive(path, "(.+)", "skip"),
    "lexicon": lambda path: Lexicons("weak", path),
    "image": read_image,
    "labelme": labelme.read,
    "coco": coco.read,
    "ppocrlabel": ppocrlabel.read,
    "labelstudio": labelstudio.read,
    "cvat": cvat.read,
    "via": via.read,
    "hiertext": lambda path: hiertext.read_level(path, "word"),
    "rects": rects.read_lines,
    "occluded roadtext": occluded_roadtext.read_images,
}


@pytest.fixture(autouse=True)
def _closed():
    yield
    lmdb_files.close()


def _json(path: Path, polygon: object, **more: object) -> Path:
    word = {"polygon": polygon, "ignore": False, "text": "a"}
    entry = {"img_path": "1.png", "height": 9, "width": 9, "instances": [word]} | more
    path.write_text(json.dumps({"data_list": [entry]}))
    return path


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.skipif(os.name != "posix", reason="there are no named pipes")
def test_what_is_no_regular_file_is_refused_at_once(reader, tmp_path):
    pipe, loop, zero = tmp_path / "pipe.txt", tmp_path / "loop.txt", tmp_path / "zero.txt"
    os.mkfifo(pipe)
    loop.symlink_to(loop)
    zero.symlink_to("/dev/zero")
    for path, reason in (
        *((pipe, "a named pipe"), (zero, "a device"), (loop, "no such|symbolic links")),
        *((tmp_path / ("n" * 300), "no such|too long"), (tmp_path / "a\0b", "no such|null byte")),
        (tmp_path / "\ud800", "no such|surrogates"),
    ):
        with pytest.raises(DataError, match=reason):
            READERS[reader](path)


@pytest.mark.parametrize("number", ["1e6", "1000001", "1e20", "1e39", "-3e7", "9" * 400])
def test_coordinates_beyond_the_bound_are_named(number, tmp_path):
    places = {
        "a.txt": (f"1,1,{number},1,9,5,1,5,a", rrc.read_quads),
        "b.txt": (f"1,1,{number},1,9,5,a", rrc.read_polygons),
        "c.gt": (f"0 0 {number} 2 3 4 0.5", msra_td500.read_gt),
        "d.txt": (
            f"x: [[1 {number} 3]], y: [[1 1 5]], ornt: [u'c'], transcriptions: [u'a']",
            totaltext.read_words,
        ),
    }
    for name, (content, read) in places.items():
        (tmp_path / name).write_text(content)
        if number == "1e6":
            continue
        with pytest.raises(DataError, match=rf"{name}(:| )"):
            read(tmp_path / name)
    value = float(number) if len(number) < 20 else int(number)
    path = _json(tmp_path / "train.json", [1, 1, value, 1, 9, 5])
    if number == "1e6":
        assert unified.read(path)[0].instances.polygons[0].max() == 1e6
        assert TextDataset(str(path)).records[0].instances.polygons[0].max() == 1e6
        return
    for read in (unified.read, lambda p: TextDataset(str(p))):
        with pytest.raises(DataError, match=r"data_list\[0\]\.instances\[0\]\.polygon: "):
            read(path)


def test_sums_of_coordinates_are_bounded_too(tmp_path):
    (tmp_path / "a.gt").write_text("0 0 900000 2 900000 4 0.5")
    with pytest.raises(DataError, match="a.gt:1: the coordinate 1.8e"):
        msra_td500.read_gt(tmp_path / "a.gt")
    numbers = ",".join(["900000"] * 32)
    (tmp_path / "b.txt").write_text(numbers)
    with pytest.raises(DataError, match="b.txt:1: the coordinate 1.8e"):
        ctw1500.read_legacy(tmp_path / "b.txt")


def _entry(**changes: object) -> str:
    entry = {"img_path": "a", "height": 1, "width": 1, "instances": []} | changes
    return json.dumps({"data_list": [entry]})


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("[" * 100_000, "nested too deep"),
        ('{"data_list":' * 100_000, "nested too deep"),
        ('{"data_list": [%s]}' % ("9" * 5000), "integer"),
        (_entry(img_path=""), "'' is no name of an image"),
        (_entry(img_path="a\0"), "is no name of an image"),
        (_entry(img_path="\ud800"), "is no name of an image"),
        (_entry(height=1e9), "of the wrong type"),
        (_entry(height=9_999_999), "are no size; sides are 1 to 1,000,000 pixels"),
        (_entry(instances="text"), "of the wrong type"),
        (_entry(instances=[{"bbox": "text"}]), "a flat list of finite numbers"),
        (_entry(instances=[{"polygon": [10**400] * 6}]), "a flat list of finite numbers"),
        (_entry(instances=[{"bbox": [0, 0, 1, 1], "bbox_label": 10**40}]), "no class"),
        (_entry(instances=[{"bbox": [0, 0, 1, 1], "score": float("inf")}]), "no score"),
        ('{"data_list": "text"}', "a list 'data_list' is wanted"),
    ],
)
def test_json_is_bounded_in_depth_digits_and_names(content, reason, tmp_path):
    path = tmp_path / "train.json"
    path.write_text(content)
    for read in (unified.read, lambda p: TextDataset(str(p))):
        with pytest.raises(DataError, match=f"train.json.*{reason}"):
            read(path)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"anns": {"2": {"image_id": [1]}}}, r"anns\[2\]: there is no image \[1\]"),
        ({"imgs": {"1": {"id": 1, "set": []}}}, r"imgs\[1\]: the set \[\] is unknown"),
        ({"imgs": {"1": {"id": 1, "set": "train", "file_name": ""}}}, "'' is no name of an image"),
    ],
)
def test_values_of_other_types_are_named(changes, reason, tmp_path):
    (tmp_path / "train2014").mkdir()
    content = {"imgs": {"1": {"id": 1, "set": "train"}}, "anns": {}} | changes
    (tmp_path / "cocotext.v2.json").write_text(json.dumps(content))
    with pytest.raises(DataError, match=reason):
        cocotext.read(tmp_path)


def _png(width: int, height: int) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    head = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    rows = zlib.compress(bytes(width // 8 + 1) * 64)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


@pytest.mark.parametrize("side", [20_000, 40_000])
def test_images_are_measured_before_they_are_decoded(side, tmp_path):
    data = _png(side, side)
    (tmp_path / "a.png").write_bytes(data)
    with pytest.raises(
        DataError, match=f"a.png: an image of {side}x{side} pixels; at most 134,217"
    ):
        read_image(tmp_path / "a.png")
    write_lmdb(tmp_path / "words", ["a"])
    with lmdb.open(str(tmp_path / "words"), map_size=2**24) as e, e.begin(write=True) as t:
        t.put(b"image-000000001", data)
    with pytest.raises(DataError, match=f"image-000000001: an image of {side}x{side} pixels"):
        LMDBWords(str(tmp_path / "words")).load(0)


def test_names_that_are_not_utf_8_are_read(tmp_path):
    name = os.fsdecode(b"caf\xe9.png")
    (tmp_path / name).write_bytes(png(0).tobytes())
    assert read_image(tmp_path / name).shape == (12, 30, 3)
    record = unified.ImageRecord(name, 12, 30)
    unified.write(tmp_path / "train.json", [record])
    (sample,) = (TextDataset(str(tmp_path / "train.json")).load(0),)
    assert sample.image.shape == (12, 30, 3)


def _zip(path: Path, *members: tuple[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return path


def test_zips_are_unpacked_within_bounds_and_irrelevant_files_never(tmp_path, monkeypatch):
    large = bytes(inputs.LABELS + 1)
    path = _zip(tmp_path / "a.zip", ("gt_1.txt", b"1"), ("notes.bin", large))
    assert list(read_archive(path, r"gt_(\d+)\.txt", "skip")) == ["1"]
    path = _zip(tmp_path / "b.zip", ("gt_1.txt", large))
    with pytest.raises(DataError, match="b.zip/gt_1.txt: more than 16,777,216 bytes"):
        read_archive(path, r"gt_(\d+)\.txt", "skip")
    path = _zip(tmp_path / "d.zip", ("gt_1.txt", bytes(10**6)), ("gt_2.txt", bytes(10**6)))
    with pytest.raises(DataError, match=r"d.zip: its files have more than 1,\d{3},\d{3} bytes"):
        read_archive(path, r"gt_(\d+)\.txt", "skip")
    monkeypatch.setattr("tcm.evaluation.files.archives._MOST_TOTAL", 5)
    path = _zip(tmp_path / "c.zip", ("gt_1.txt", b"123"), ("gt_2.txt", b"123"))
    with pytest.raises(DataError, match="c.zip: its files have more than 5 bytes together"):
        read_archive(path, r"gt_(\d+)\.txt", "skip")


def test_a_zip_that_lies_about_a_size_is_stopped_all_the_same(tmp_path):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("gt_1.txt", bytes(inputs.LABELS + 1))
    data = stream.getvalue().replace(struct.pack("<I", inputs.LABELS + 1), struct.pack("<I", 7))
    (tmp_path / "a.zip").write_bytes(data)
    with pytest.raises(DataError, match="a.zip/gt_1.txt: "):
        read_archive(tmp_path / "a.zip", r"gt_(\d+)\.txt", "skip")


@pytest.mark.parametrize(
    ("at", "value", "reason"),
    [
        (6, 1, "encrypted"),
        (8, 99, "packed by method 99"),
        (8, 12, "packed by method 12"),
        (14, 7, "damaged file in the zip"),
    ],
)
def test_zips_of_other_kinds_are_named(at, value, reason, tmp_path):
    path = _zip(tmp_path / "a.zip", ("gt_1.txt", b"1,2,3" * 9))
    data = bytearray(path.read_bytes())
    data[at] = value
    data[data.index(b"PK\x01\x02") + at + 2] = value
    path.write_bytes(bytes(data))
    with pytest.raises(DataError, match=f"a.zip/gt_1.txt: .*({reason})"):
        read_archive(path, r"gt_(\d+)\.txt", "skip")


def test_lists_and_lines_are_bounded(tmp_path):
    (tmp_path / "a.txt").write_text("\n" * 20_001)
    with pytest.raises(DataError, match="a.txt: more than 20,000 lines"):
        rrc.read_quads(tmp_path / "a.txt")
    (tmp_path / "b.txt").write_text("1," * 20_002 + "a")
    with pytest.raises(DataError, match="b.txt:1: 20002 coordinates|10001 points; at most 10,000"):
        rrc.read_polygons(tmp_path / "b.txt")
    with pytest.raises(DataError, match="b.txt: more than 9 bytes"):
        read_text(tmp_path / "b.txt", 9)


def test_lmdbs_that_claim_what_has_no_room_are_named(tmp_path):
    write_lmdb(tmp_path, ["a"])
    with (
        lmdb.open(str(tmp_path), map_size=2**24) as environment,
        environment.begin(write=True) as t,
    ):
        t.put(b"num-samples", b"1000000000000")
    with pytest.raises(DataError, match="num-samples is 1000000000000; its file has room for"):
        LMDBWords(str(tmp_path))


def test_flipped_bits_in_an_lmdb_never_kill_the_process(tmp_path):
    write_lmdb(tmp_path, ["word"] * 60)
    data = (tmp_path / "data.mdb").read_bytes()
    rng = np.random.default_rng(0)
    for _ in range(40):
        changed = bytearray(data)
        for at in rng.integers(0, len(data), 4):
            changed[at] ^= 1 << rng.integers(8)
        page = int(rng.integers(len(data) // 4096)) * 4096
        changed[page + int(rng.integers(64))] = int(rng.integers(256))
        (tmp_path / "data.mdb").write_bytes(bytes(changed))
        try:
            dataset = LMDBWords(str(tmp_path), cache=False)
            for index in range(0, len(dataset), 7):
                dataset.load(index)
        except DataError:
            pass


def test_mutated_matlab_files_never_kill_the_process(tmp_path):
    table = np.empty((2, 6), object)
    for i in range(2):
        xs, ys = np.array([[1, 9, 9, 1]], np.int16), np.array([[1, 1, 5, 5.5]])
        table[i] = ["x:", xs, "y:", ys, np.array(["word"]), "c#"[i]]
    path = tmp_path / "a.mat"
    scipy.io.savemat(path, {"polygt": table})
    data, rng = path.read_bytes(), np.random.default_rng(0)
    for _ in range(120):
        changed = bytearray(data)
        for at in rng.integers(128, len(data), rng.integers(1, 5)):
            changed[at] = rng.choice([0, 1, 255, rng.integers(256)])
        path.write_bytes(bytes(changed))
        try:
            totaltext.read_words(path)
        except DataError as error:
            assert str(path) in str(error)


def test_entities_of_xml_are_not_read(tmp_path):
    bomb = '<!DOCTYPE a [<!ENTITY b "lol">]><a>&b;</a>'
    for codec in ("utf-8", "utf-16"):
        (tmp_path / "a.xml").write_bytes(bomb.encode(codec))
        with pytest.raises(DataError, match="a.xml: entities are not read"):
            ctw1500.read_xml(tmp_path / "a.xml")


def test_an_image_that_is_there_twice_is_named(tmp_path):
    word = {"polygon": [1, 1, 9, 1, 9, 5], "score": 0.5}
    entries = [{"img_path": f"{folder}/img_1.jpg", "instances": [word]} for folder in "ab"]
    (tmp_path / "pred.json").write_text(json.dumps({"data_list": entries}))
    with pytest.raises(DataError, match=r"pred.json: data_list\[1\]: a second image 'img_1'"):
        build_protocol("icdar2015").evaluate_archives(
            tmp_path / "pred.json", tmp_path / "pred.json"
        )


def test_slow_patterns_take_no_time(tmp_path):
    """Each would take minutes or more by a pattern that is tried at every place."""
    (tmp_path / "a.txt").write_text("x: [[" + "]], y: [[" * 40_000)
    with pytest.raises(DataError, match="is wanted"):
        totaltext.read_words(tmp_path / "a.txt")
    for content in (',"' * 50_000 + "x", " " * 100_000 + "x", "a" + " " * 100_000):
        (tmp_path / "b.txt").write_text(f"a{content}\n")
        with pytest.raises(DataError, match="is wanted"):
            read_labels(tmp_path / "b.txt", "quoted")


def test_an_image_of_any_kind_has_the_size_that_it_is_decoded_to(tmp_path):
    from tcm.data.storage.image_sizes import size_of

    image = np.random.default_rng(0).integers(0, 256, (23, 31, 3), np.uint8)
    for suffix in (".png", ".jpg", ".bmp", ".tif", ".gif", ".webp", ".ppm"):
        data = cv2.imencode(suffix, image)[1].ravel()
        assert size_of(data) == (23, 31), suffix
        assert size_of(data[:2]) in (None, (0, 0)), suffix


@pytest.mark.parametrize(
    "content",
    [
        "[" * 100_000,
        '{"a":' * 100_000,
        "9" * 5000,
        "null",
        "[null]",
        '{"shapes": 1, "images": 1, "annotations": 1, "_via_img_metadata": 1}',
        '{"shapes": [[]], "images": [{}], "annotations": [[]], "a": []}',
        '[{"data": {"image": "a"}, "annotations": [{"result": [{"type": []}]}]}]',
    ],
)
def test_labels_of_tools_of_any_shape_are_one_line(content, tmp_path):
    path = tmp_path / "labels.json"
    for tool in ("labelme", "coco", "ppocrlabel", "labelstudio", "via"):
        path.write_text(f"a.png\t{content}" if tool == "ppocrlabel" else content)
        with pytest.raises(DataError, match=r"^[^\n]*labels.json[^\n]*$"):
            READERS[tool](path)
