"""A made set of scenes, a made set of words, and a system that reads them."""

import pytest

from benchmarks.scoreboard import systems
from benchmarks.scoreboard.systems import SETS, SYSTEMS, System

FAKE = System("fake 1.0", "none", [], "tests.benchmarks.scoreboard.fake_reader", "by heart")


@pytest.fixture
def fake(monkeypatch):
    """Make a system known that reads without a model."""
    monkeypatch.setitem(SYSTEMS, "fake", FAKE)
    return systems


@pytest.fixture
def data(tmp_path):
    """Return a folder of sets: three scenes with a text each, and seven words."""
    folder = tmp_path / "data"
    scenes = folder / SETS["icdar2015"].folder
    truths = folder / "icdar2015/Challenge4_Test_Task1_GT"
    for part in (scenes, truths, folder / "iiit5k/test"):
        part.mkdir(parents=True)
    for number in (1, 2, 10):
        (scenes / f"img_{number}.jpg").write_bytes(b"image")
        (truths / f"gt_img_{number}.txt").write_text("0,0,15,0,15,10,0,10,word\n")
    words = [f"test/w{i}.jpg W{i}!" for i in range(7)]
    (folder / "iiit5k/test.txt").write_text("\n".join(words) + "\n")
    return folder
