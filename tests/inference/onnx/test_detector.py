"""An exported detector of objects knows its classes and windows."""

from dataclasses import replace

import pytest

from tcm.errors import DataError
from tcm.inference.objects.policy import ObjectPolicy
from tcm.inference.onnx.detector import OnnxDetector
from tcm.inference.onnx.manifest import Manifest


class Graph:
    on_gpu = False


POLICY = ObjectPolicy(("ship", "plane"), tile=512)
RUNTIME = {"decode": {"type": "DBDecoder"}, "objects": POLICY.as_json()}
MANIFEST = Manifest("detector", "d", {"model": "m"}, {}, {"long": 512}, RUNTIME)


def opened(manifest):
    return OnnxDetector("d", manifest, {"model": Graph()})


def test_its_objects_are_those_of_the_export():
    found = opened(MANIFEST).objects
    assert found.names == POLICY.names and found.cutting == POLICY.cutting


def test_without_them_it_finds_texts():
    runtime = {"decode": RUNTIME["decode"]}
    assert opened(replace(MANIFEST, runtime=runtime)).objects is None


def test_damaged_ones_are_named():
    runtime = {**RUNTIME, "objects": {"tile": -1}}
    with pytest.raises(DataError, match="model.json is damaged: .*tile"):
        opened(replace(MANIFEST, runtime=runtime))
