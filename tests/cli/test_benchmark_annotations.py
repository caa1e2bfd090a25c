"""The benchmark of large sets: the file it writes, and the figures of opening it."""

import json
import sys

import pytest

from tcm.cli import benchmark_annotations
from tcm.data.datasets.text_dataset import TextDataset


@pytest.mark.parametrize("instances", [1.5, 0.25])
def test_the_file_has_as_many_images_and_quads_as_said(tmp_path, instances):
    benchmark_annotations._write(tmp_path / "x.json", 4, instances)
    dataset = TextDataset(str(tmp_path / "x.json"))
    found = [record.instances for record in dataset.records]
    assert len(found) == 4 and sum(map(len, found)) == round(4 * instances)
    assert all(len(polygon) == 4 for words in found for polygon in words.polygons)


def test_the_figures_of_a_set_are_printed(tmp_path, monkeypatch, capsys):
    path = tmp_path / "x.json"
    benchmark_annotations._write(path, 20, 2)
    monkeypatch.setattr(sys, "argv", ["-c", "scenes", str(path), "1", "2"])
    benchmark_annotations.print_figures()
    figures = json.loads(capsys.readouterr().out)
    assert figures["peak MiB"] >= figures["resident MiB"] > 10
    assert 0 <= figures["worker's growth MiB"] < 100
    table = benchmark_annotations._table({"first": figures}).splitlines()
    assert table[0].startswith("| opened | CPU s |") and table[2].startswith("| first | 0.")
