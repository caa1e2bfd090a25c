"""Pictures of what a model is trained on."""

import cv2

from tcm.cli.browse_dataset import main
from tests.cli.tiny import write_config


def test_each_augmentation_becomes_a_picture_with_its_maps(tmp_path):
    out = tmp_path / "out"
    arguments = ["--num", "2", "--repeats", "3", "--out", str(out)]
    assert main([write_config(tmp_path), *arguments]) == 0
    pictures = sorted(out.glob("*.jpg"))
    assert len(pictures) == 6
    assert cv2.imread(str(pictures[0])).shape == (64, 5 * 64, 3)  # the image and four maps
    assert len({p.read_bytes() for p in pictures}) >= 4  # flips differ
