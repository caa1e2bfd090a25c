"""Images with captions of one's own, from a folder and from tar files."""

import tarfile

import numpy as np
import pytest

from tcm.errors import DataError
from tcm.inference.visualize import write_image
from tcm.registry import DATASETS


@pytest.fixture
def folder(tmp_path):
    """Return a folder of two pairs, an image without a caption and a caption without an image."""
    root = tmp_path / "pairs"
    root.mkdir()
    for i, name in enumerate(("b.png", "a.png", "lonely.png")):
        write_image(root / name, np.full((8, 12, 3), 40 * i, np.uint8))
    (root / "a.txt").write_text("a sign\n that says EXIT\n", encoding="utf-8")
    (root / "b.txt").write_text("", encoding="utf-8")
    (root / "none.txt").write_text("of nothing", encoding="utf-8")
    return root


def _pack(folder, path, mode="w"):
    with tarfile.open(path, mode) as archive:
        for file in sorted(folder.iterdir()):
            archive.add(file, file.name)
    return str(path)


def _check(dataset):
    assert len(dataset) == 2
    first, second = dataset.load(0), dataset.load(1)
    assert first.instances.texts == ["a sign that says EXIT"]
    np.testing.assert_array_equal(first.instances.polygons[0][2], [12, 8])
    assert first.image.shape == (8, 12, 3) and (first.image == 40).all()
    assert not len(second.instances) and (second.image == 0).all()


def test_a_folder_has_its_pairs_by_name(folder):
    dataset = DATASETS.build({"type": "CaptionFolder", "folder": str(folder)})
    _check(dataset)
    assert list(dataset.ids) == ["a.png", "b.png"]
    assert dataset.load(0).path == dataset.paths[0] == str(folder / "a.png")


def test_tar_files_have_theirs_where_they_lie(folder, tmp_path):
    _pack(folder, tmp_path / "shard-0.tar")
    _pack(folder, tmp_path / "shard-1.tar")
    dataset = DATASETS.build({"type": "CaptionShards", "shards": [str(tmp_path / "shard-*.tar")]})
    assert len(dataset) == 4 and len(set(dataset.ids)) == 4
    assert dataset.load(2).instances.texts == ["a sign that says EXIT"]
    _check(DATASETS.build({"type": "CaptionShards", "shards": [str(tmp_path / "shard-0.tar")]}))


def test_what_is_wrong_is_named(folder, tmp_path):
    (folder / "a.jpg").write_bytes((folder / "a.png").read_bytes())
    with pytest.raises(DataError, match=r"a\.png: has its caption with a\.jpg"):
        DATASETS.build({"type": "CaptionFolder", "folder": str(folder)})
    (folder / "a.jpg").unlink()
    (folder / "a.txt").write_bytes(b"\xff")
    with pytest.raises(DataError, match=r"a\.txt: no UTF-8"):
        DATASETS.build({"type": "CaptionFolder", "folder": str(folder)}).load(0)
    (folder / "a.txt").write_text("x" * 5000)
    with pytest.raises(DataError, match="more than 4,096 bytes"):
        DATASETS.build({"type": "CaptionFolder", "folder": str(folder)}).load(0)
    packed = _pack(folder, tmp_path / "big.tar")
    with pytest.raises(DataError, match="more than 4,096 bytes"):
        DATASETS.build({"type": "CaptionShards", "shards": [packed]})
    for file in folder.iterdir():
        file.unlink()
    with pytest.raises(DataError, match="no image with a caption"):
        DATASETS.build({"type": "CaptionFolder", "folder": str(folder)})


def test_compressed_cut_and_missing_tar_files_are_named(folder, tmp_path):
    packed = _pack(folder, tmp_path / "a.tar.gz", "w:gz")
    with pytest.raises(DataError, match="compressed"):
        DATASETS.build({"type": "CaptionShards", "shards": [packed]})
    with pytest.raises(DataError, match="no such file"):
        DATASETS.build({"type": "CaptionShards", "shards": [str(tmp_path / "none.tar")]})
    with pytest.raises(DataError, match="no image with a caption"):
        DATASETS.build({"type": "CaptionShards", "shards": [str(tmp_path / "none-*.tar")]})
    whole = _pack(folder, tmp_path / "cut.tar")
    dataset = DATASETS.build({"type": "CaptionShards", "shards": [whole]})
    (tmp_path / "cut.tar").write_bytes((tmp_path / "cut.tar").read_bytes()[:600])
    with pytest.raises(DataError, match=r"cut\.tar/a"):
        dataset.load(0)
