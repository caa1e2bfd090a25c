"""The recognizers' oracles: files, labels and orders."""

import json
from functools import cache

import numpy as np
import torch

from tcm.models.recognizers.parseq.tokenizer import Tokenizer
from tests.conftest import oracle_file

_FOLDER = "recognition_scoring/A_recognizers"


def arrays(name: str) -> dict[str, torch.Tensor]:
    """Return the arrays of a file; those in half precision, weights and images, in float32."""
    with np.load(oracle_file(f"{_FOLDER}/{name}.npz")) as file:
        return {
            key: torch.from_numpy(file[key].astype(np.float32))
            if file[key].dtype == np.float16
            else torch.from_numpy(file[key])
            for key in file.files
            if file[key].dtype.kind != "U"
        }


def facts(name: str) -> dict:
    """Return the content of a JSON file."""
    return json.loads(oracle_file(f"{_FOLDER}/{name}.json").read_text(encoding="utf-8"))


@cache
def tokenizer(max_label_length: int = 25) -> Tokenizer:
    """Return the 94 characters."""
    return Tokenizer(94, max_label_length)


def rows(labels: list[str], length: int = 25) -> torch.Tensor:
    """Return labels as the data workers make them: indices from 0, padded with -1, (B, 1, M)."""
    charset = tokenizer().charset
    return torch.tensor(
        [[charset.indices(label) + [-1] * (length - len(label))] for label in labels]
    )


def weights(archive: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Return the arrays under ``w/`` by the reference's names."""
    return {key.removeprefix("w/"): v for key, v in archive.items() if key.startswith("w/")}


def restored(images: torch.Tensor, model) -> torch.Tensor:
    """Return RGB in 0..255 that the model normalises to `images`."""
    return images * model.std + model.mean


def assert_gradients(model, names: dict[str, str], norms: dict, archive: dict, prefix: str) -> None:
    """Compare every gradient norm, and the gradients that the archive holds.

    Args:
        model: After backward.
        names: The reference's parameter name to ours.
        norms: The reference's name to norm; None for no gradient.
        archive: With gradients under `prefix`, maybe none.
        prefix: Such as ``main/grad/``.
    """
    parameters = dict(model.named_parameters())
    for name, norm in norms.items():
        gradient = parameters[names[name]].grad
        if norm is None:
            assert gradient is None, name
        else:
            assert abs(gradient.norm().item() - norm) <= 1e-4 * norm, name
        if prefix + name in archive:
            expected = archive[prefix + name]
            worst = (gradient - expected).abs().max()
            assert worst <= 1e-4 * expected.abs().max(), name


def close(found: torch.Tensor, expected: torch.Tensor) -> None:
    """Compare logits (B, L, C), behind the first end of a text only that they are an end's.

    Positions are not read on there; what stands there has no meaning and no consequence.
    """
    ends = expected.argmax(-1) == tokenizer().eos_id
    behind = ends.cumsum(1) - ends.long() > 0
    assert found.shape == expected.shape
    torch.testing.assert_close(found[~behind], expected[~behind], atol=1e-4, rtol=0)
    assert (found[behind].argmax(-1) == tokenizer().eos_id).all()
