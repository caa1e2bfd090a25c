"""Decoders end soon, in little memory and with finite texts, whatever a network makes.

Untrained and diverged networks give such maps. The bounds are of one core; figures are measured in
processes of their own for the time and the memory to be those of the decoder.
"""

import multiprocessing
import resource
import time

import numpy as np
import pytest
import torch

from tcm.models.detectors.fcenet.decode import FCEDecoder
from tcm.models.detectors.outlines import RegionOutliner
from tcm.registry import MODELS

SIZE = (736, 1280)
SECONDS, MIB = 10, 500  # of the processor, of an image
WIDTHS = {"DBHead": 64, "PSEHead": 64, "PANHead": 64, "FCEHead": 64, "ABCNetHead": 16}
KINDS = ("text", "noise", "checkerboard", "dots", "nan", "inf", "-inf", "huge")
OUTLINES = ("tiny", "round", "wild", "far")


def _map(kind, shape, seed=0):
    """Return logits of a shape (..., h, w)."""
    rows, columns = np.ogrid[: shape[-2], : shape[-1]]
    plane = {
        "text": np.full(shape[-2:], 10.0),
        "checkerboard": 20.0 * ((rows + columns) % 2) - 10,
        "dots": 20.0 * ((rows % 2 == 0) & (columns % 2 == 0)) - 10,
        "nan": np.full(shape[-2:], np.nan),
        "inf": np.full(shape[-2:], np.inf),
        "-inf": np.full(shape[-2:], -np.inf),
        "huge": np.full(shape[-2:], 3e38),
    }
    if kind == "noise":
        return 5 * torch.randn(shape, generator=torch.Generator().manual_seed(seed))
    return torch.from_numpy(np.broadcast_to(plane[kind], shape).astype(np.float32).copy())


def _signatures(outline, shape):
    """Return what FCENet says of the outline at each pixel."""
    noise = torch.randn(shape, generator=torch.Generator().manual_seed(1))
    noise = noise * {"tiny": 0.01, "round": 0.01, "wild": 3.0, "far": 1e37}[outline]
    if outline == "round":
        noise[:, 6] += 3
    return noise


def _predictions(head, kind, outline, size):
    """Return the maps of a head, in place of its network."""
    features = WIDTHS[type(head).__name__]
    if type(head).__name__ == "FCEHead":
        predictions = {}
        for i, stride in enumerate(head.strides):
            sides = [side // stride for side in size]
            logits, zeros = _map(kind, (1, 2, *sides)), torch.zeros(1, 2, *sides)
            columns = [zeros[:, 0], logits[:, 0], zeros[:, 1], logits[:, 1]]
            predictions[f"cls_{i}"] = torch.stack(columns, dim=1)
            predictions[f"reg_{i}"] = _signatures(outline, (1, 22, *sides))
        return predictions
    if type(head).__name__ == "ABCNetHead":
        levels = [torch.zeros(1, features, -(-size[0] // s), -(-size[1] // s))
                  for s in (4, 8, 16, 32, 64, 128)]  # fmt: skip
        with torch.no_grad():
            predictions = head.eval()(levels)
        own = {"cls", "centerness"} | (
            {"box", "bezier"} if kind in ("nan", "inf", "huge") else set()
        )
        return {
            name: _map(kind, value.shape) if name.partition("_")[0] in own else value
            for name, value in predictions.items()
        }
    shapes = {
        "DBHead": {"prob_logits": (1, *size)},
        "PSEHead": {"maps": (1, 7, size[0] // 4, size[1] // 4)},
        "PANHead": {
            "text_logits": (1, size[0] // 4, size[1] // 4),
            "kernel_logits": (1, size[0] // 4, size[1] // 4),
            "embedding": (1, 4, size[0] // 4, size[1] // 4),
        },
    }[type(head).__name__]
    return {name: _map(kind, shape) for name, shape in shapes.items()}


def _head(name, output):
    config = {"type": name, "in_channels": WIDTHS[name]}
    if name == "ABCNetHead":
        from tests.models.spotters.abcnet.tiny import HEAD

        return MODELS.build({**HEAD, "in_channels": WIDTHS[name]}, "model.head")
    options = {"output": output}
    if name in ("PSEHead", "PANHead"):
        options["min_score"] = 0.3
    decoder = {"DBHead": "DBDecoder", "FCEHead": "FCEDecoder"}.get(name, name[:3] + "Decoder")
    return MODELS.build({**config, "decode": {"type": decoder, **options}}, "model.head")


def _decode(name, output, kind, outline, size):
    head = _head(name, output)
    predictions = _predictions(head, kind, outline, size)
    before, start = _peak(), time.process_time()
    (found,) = head.decode(predictions, [np.eye(3)], [size])
    seconds, mib = time.process_time() - start, _peak() - before
    assert np.isfinite(found.scores).all() and (found.scores <= 1).all()
    for polygon in found.polygons:
        assert np.isfinite(polygon).all() and np.abs(polygon).max() < 2e6
    return len(found), seconds, mib


def _peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _told(case, end):
    torch.set_num_threads(1)
    end.send(_decode(*case))


CASES = [
    (name, output, kind, outline)
    for name in WIDTHS
    for output in (("quad",) if name == "ABCNetHead" else ("quad", "poly"))
    for kind in KINDS
    for outline in (OUTLINES if name == "FCEHead" else ("",))
]


@pytest.mark.parametrize(("name", "output", "kind", "outline"), CASES)
def test_what_leaves_a_decoder_is_finite(name, output, kind, outline):
    found, _, _ = _decode(name, output, kind, outline, (128, 192))
    assert not (found and kind in ("nan", "-inf"))


@pytest.mark.slow
@pytest.mark.parametrize(("name", "output", "kind", "outline"), CASES)
def test_every_decoder_ends_soon_and_in_little_memory(name, output, kind, outline):
    context = multiprocessing.get_context("fork")
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_told, args=((name, output, kind, outline, SIZE), theirs))
    process.start()
    assert ours.poll(60 * SECONDS), "it does not end"
    _, seconds, mib = ours.recv()
    process.join()
    assert seconds < SECONDS and mib < MIB


def test_of_too_many_candidates_the_best_are_decoded():
    decoder = FCEDecoder(max_candidates=3)
    score = np.linspace(0.99, 0.4, 64, dtype=np.float32).reshape(8, 8)
    signatures = np.zeros((22, 8, 8), np.float32)
    signatures[6] = 0.2  # circles that do not touch
    found = decoder([(np.stack([score, np.ones_like(score)]), signatures, 8)], np.eye(3))
    np.testing.assert_array_equal(found.scores, score[0, :3])


def test_without_intersections_only_outlines_stay_that_surely_do_not_overlap():
    score = np.full((8, 8), 0.9, np.float32)
    score[0, 0] = 0.95
    signatures = np.zeros((22, 8, 8), np.float32)
    signatures[6] = 1.0  # circles that overlap their neighbours' by a quarter
    levels = [(np.stack([score, np.ones_like(score)]), signatures, 8)]
    exact = FCEDecoder(nms_thr=0.3)(levels, np.eye(3))
    bounded = FCEDecoder(nms_thr=0.3, max_intersections=0)(levels, np.eye(3))
    assert len(exact) == 64 > len(bounded) > 0


def test_of_too_many_regions_the_surest_are_outlined():
    labels = np.zeros((8, 16), np.int32)
    labels[::2, ::2] = np.arange(1, 33).reshape(4, 8)
    probability = labels.astype(np.float32) / 32
    for output in ("quad", "poly"):
        outliner = RegionOutliner(0, 0.1, output, max_candidates=5)
        _, scores = outliner(labels, probability, 4)
        np.testing.assert_array_equal(scores, np.arange(28, 33, dtype=np.float32) / 32)
