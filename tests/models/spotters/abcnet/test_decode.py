import numpy as np
import pytest

from tcm.errors import ConfigError
from tcm.geometry.bezier import bezier_to_polygon
from tcm.geometry.polygons import clockwise
from tcm.models.spotters.abcnet.decode import ABCNetDecoder, polygons_of
from tcm.models.spotters.abcnet.finder import TextFinder
from tests.conftest import oracle_file
from tests.models.spotters.abcnet.dense import maps_of


@pytest.fixture(scope="module")
def oracle():
    return np.load(oracle_file("abcnet/fcos_decode.npz"))


def decoded(oracle, setting):
    threshold, iou, candidates, kept = oracle[f"{setting}.cfg"].tolist()
    decoder = ABCNetDecoder(threshold, iou, int(candidates), int(kept))
    return TextFinder(decoder)(maps_of(oracle, "in"))


@pytest.mark.parametrize("setting", "abcd")
def test_the_authors_detections(oracle, setting):
    for i, found in enumerate(decoded(oracle, setting)):
        key = f"{setting}{i}"
        np.testing.assert_allclose(found.scores, oracle[f"{key}.scores_unclipped"], atol=1e-5)
        np.testing.assert_allclose(found.boxes, oracle[f"{key}.bboxes_unclipped"], atol=1e-3)
        np.testing.assert_allclose(found.beziers, oracle[f"{key}.beziers_unclipped"], atol=1e-3)
        np.testing.assert_array_equal(found.locations, oracle[f"{key}.locations_unclipped"])


def test_finalpolygons_of(oracle):
    scale = np.diag([*oracle["cfg.scale_factor"].tolist(), 1.0])
    for i in range(2):
        polygons = polygons_of(oracle[f"a{i}.beziers"], scale, 20)
        wanted = oracle[f"a{i}.final_polys"].reshape(len(polygons), -1, 2)
        for polygon, other in zip(polygons, wanted, strict=True):
            np.testing.assert_allclose(polygon, clockwise(other), atol=1e-3)


def test_polygons_come_back_through_any_matrix(oracle):
    found = decoded(oracle, "a")[0]
    matrix = np.array([[0.9, -0.4, 7.0], [0.3, 1.1, -5.0], [1e-4, 2e-4, 1.0]])
    for polygon, bezier in zip(
        polygons_of(found.beziers.numpy(), matrix, 7), found.beziers.double(), strict=True
    ):
        assert polygon.dtype == np.float32
        points = np.concatenate([polygon.astype(float), np.ones((14, 1))], axis=1) @ matrix.T
        back, wanted = (
            points[:, :2] / points[:, 2:],
            bezier_to_polygon(bezier.numpy().reshape(8, 2), 7),
        )
        # The first point stays the first where the direction had to be turned.
        np.testing.assert_allclose(back[0], wanted[0], atol=1e-3)
        same = np.allclose(back, wanted, atol=1e-3)
        assert same or np.allclose(np.roll(back[::-1], 1, axis=0), wanted, atol=1e-3)


def test_a_threshold_in_place_of_the_decoders_own(oracle):
    decoder = ABCNetDecoder(0.01, per_level=3)
    found = TextFinder(decoder)(maps_of(oracle, "in"), score_thr=0.45)
    wanted = TextFinder(ABCNetDecoder(0.45, per_level=3))(maps_of(oracle, "in"))
    assert [f.scores.tolist() for f in found] == [w.scores.tolist() for w in wanted]


def test_nothing_found(oracle):
    maps = {k: m - 100 if k.startswith("cls") else m for k, m in maps_of(oracle, "in").items()}
    found = TextFinder(ABCNetDecoder())(maps)
    assert [tuple(f.beziers.shape) for f in found] == [(0, 16), (0, 16)]


def test_mistakes():
    with pytest.raises(ConfigError, match="samples"):
        ABCNetDecoder(samples=1)
