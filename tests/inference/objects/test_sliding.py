import numpy as np
import pytest

from tcm.annotations.dota import ClassDetections
from tcm.data.prepare.merge import merge
from tcm.errors import ConfigError, TCMError
from tcm.geometry.windows import PADDING, windows
from tcm.inference.objects.policy import ObjectPolicy
from tcm.inference.objects.sliding import ObjectChain, find, merged
from tcm.inference.reading.chain import Failure, Picture
from tcm.inference.reading.sizes import SizePolicy
from tcm.structures import TextInstances
from tests.inference.reading.fakes import BoxDetector, scene

POLICY = ObjectPolicy(("dark", "bright"), tile=64, gap=24)


class ClassDetector(BoxDetector):
    """Call boxes brighter than 200 of class 1, and be surer of larger ones: windows cut some."""

    def detect(self, images, matrices, sizes):
        found = super().detect(images, matrices, sizes)
        for one, image, matrix in zip(found, images, matrices, strict=True):
            places = [matrix[:2, :2] @ (p.mean(axis=0)) for p in one.polygons]
            one.labels = np.array([image[int(y), int(x), 1] > 200 for x, y in places], np.int64)
            one.scores = np.array([np.ptp(p, axis=0).prod() / 1000 for p in one.polygons])
        return found


def detector(**options):
    return ClassDetector(SizePolicy(64, 64), **options)


def hulls(found):
    return sorted([*p.min(axis=0).tolist(), *p.max(axis=0).tolist()] for p in found.polygons)


BOXES = [(50, 20, 60, 30), (44, 60, 62, 66), (110, 100, 128, 110), (4, 4, 12, 20)]
IMAGE = scene(*[(*box, 120 + 100 * (i % 2)) for i, box in enumerate(BOXES)], size=(150, 210))


def test_objects_in_several_windows_are_found_once_with_their_classes():
    found = find(detector(), IMAGE, POLICY)
    assert len(windows(210, 150, POLICY.cutting)) > 4
    assert hulls(found) == sorted(map(list, BOXES))
    by_box = dict(zip(map(tuple, hulls(found)), found.labels, strict=False))
    assert sorted(by_box.values()) == [0, 0, 1, 1]


@pytest.mark.parametrize("batch", [1, 3])
def test_batches_have_at_most_what_the_detector_takes(batch):
    finder = detector(batch=batch)
    assert hulls(find(finder, IMAGE, POLICY)) == sorted(map(list, BOXES))
    assert max(shape[0] for shape in finder.shown) == batch
    assert {shape[1:] for shape in finder.shown} == {(64, 64, 3)}


def test_rates_are_shown_at_the_network_s_size():
    finder = detector()
    found = find(finder, IMAGE, ObjectPolicy(("a", "b"), 64, 24, (0.5, 1.0)))
    assert {shape[1:] for shape in finder.shown} == {(64, 64, 3)}
    assert len(found) >= len(BOXES)


def test_a_window_that_reaches_out_is_padded_as_patches_are():
    class Recording(BoxDetector):
        def detect(self, images, matrices, sizes):
            self.seen = images[0].copy(), sizes[0]
            return [TextInstances(scores=[])]

    recording = Recording(SizePolicy(64, 64))
    find(recording, scene(size=(40, 50)), POLICY)
    canvas, size = recording.seen
    assert size == (40, 50)
    assert not canvas[:40, :50].any() and (canvas[40:] == PADDING).all()


def test_the_merge_is_that_of_patches_on_disk():
    rng = np.random.default_rng(3)
    places = windows(300, 260, POLICY.cutting)
    found = []
    for _ in places:
        corner = rng.uniform(0, 50, (40, 1, 2))
        quads = corner + rng.uniform(4, 12) * np.array([[0, 0], [1, 0.2], [0.9, 1], [-0.1, 0.8]])
        scores, labels = rng.random(40).astype(np.float32), rng.integers(0, 2, 40)
        found.append(TextInstances(list(quads), scores=scores, labels=labels))
    whole = merged(found, places, POLICY)
    for label in (0, 1):
        rows = [
            (f"P__64__{w.x}___{w.y}", score, polygon.astype(np.float64))
            for one, w in zip(found, places, strict=True)
            for polygon, score, own in zip(one.polygons, one.scores, one.labels, strict=True)
            if own == label
        ]
        patches = ClassDetections.of(*zip(*rows, strict=True))
        on_disk = merge(patches, "mmrotate")
        mine = whole.labels == label
        assert 0 < mine.sum() < len(rows)
        np.testing.assert_array_equal(whole.scores[mine], on_disk.scores)
        polygons = np.stack(whole.select(mine).polygons)
        np.testing.assert_array_equal(polygons, on_disk.polygons.astype(np.float32))


def test_nothing_is_merged_to_nothing():
    assert len(find(detector(), scene(), POLICY)) == 0


def test_a_chain_passes_failures_through_and_makes_them_of_the_network_s():
    def again():
        return IMAGE

    gone = Failure("b", TCMError("gone"))
    chain = ObjectChain(detector(), POLICY)
    first, second = chain.run([Picture("a", IMAGE, again), gone])
    assert second is gone and first.counts == {"dark": 2, "bright": 2}
    assert first.size == (150, 210)
    broken = ObjectChain(detector(broken_at=64), POLICY)
    (failed,) = broken.run([Picture("a", IMAGE, again)])
    assert isinstance(failed, Failure)


def test_a_policy_of_a_config_knows_a_version_of_dota():
    policy = ObjectPolicy.of_config({"classes": "v2.0", "tile": 512})
    assert len(policy.names) == 18 and policy.gap == 200
    assert ObjectPolicy.of_config(policy.as_json()).names == policy.names
    assert ObjectPolicy.of_config(None) is None
    assert policy.changed(gap=0).cutting.scales() == [(512, 0)]
    for wrong in ({"classes": "v3"}, {"classes": ["a", "a"]}, {"tile": 100}, {"tile": 0}):
        with pytest.raises(ConfigError):
            ObjectPolicy.of_config(wrong)
