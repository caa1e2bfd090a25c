"""CLIP4STR in its smallest form, and the reference's miniature with its weights."""

from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch

import tcm.models.recognizers.clip4str.clip4str
import tcm.models.recognizers.clip4str.converters  # noqa: F401  # both register names
from tcm.registry import CONVERTERS, MODELS
from tests.models.recognizers import oracles

SIZE = (16, 32)
TINY = {
    "type": "CLIP4STR",
    "pretrained": None,
    "clip": {
        "embed_dim": 16,
        "vision_cfg": {
            "image_size": list(SIZE),
            "patch_size": [8, 8],
            "width": 16,
            "layers": 2,
            "head_width": 8,
        },
        "text_cfg": {"width": 16, "heads": 2, "layers": 3},
    },
    "frozen": {"text_layers": 1},
    "decoder": {"heads": 2},
}


def reference_model() -> torch.nn.Module:
    """Return the reference's miniature in eval mode."""
    archive, config = oracles.arrays("clip4str_weights"), oracles.facts("clip4str")["config"]
    with TemporaryDirectory() as folder:
        model = MODELS.build(_reference_config(config, Path(folder)))
    state = dict(oracles.weights(archive))
    state.setdefault("clip_model.logit_scale", torch.tensor(0.0))
    state["clip_model.token_embedding.weight"] = token_table(config["vocab"], config["tw"])
    rename = CONVERTERS.get("clip4str")
    model.load_state_dict({rename(name): value for name, value in state.items()})
    return model.eval()


def _reference_config(config: dict, folder: Path) -> dict:
    files = {key: folder / f"{key}.txt" for key in ("charset_train", "charset_test")}
    for key, path in files.items():
        path.write_text("\n".join(config[key]) + "\n", encoding="utf-8")
    return {
        "type": "CLIP4STR",
        "pretrained": None,
        "clip": {
            "embed_dim": config["D"],
            "vision_cfg": {
                "image_size": config["img"],
                "patch_size": config["patch"],
                "width": config["vw"],
                "layers": config["vl"],
                "head_width": config["vw"] // config["vh"],
            },
            "text_cfg": {
                "width": config["tw"],
                "heads": config["th"],
                "layers": config["tl"],
                "context_length": config["text_positions_in_table"],
            },
        },
        "frozen": {"text_layers": config["freeze"]},
        "decoder": {
            "heads": config["heads"],
            "mlp_ratio": config["mlp"],
            "depth": config["dec_depth"],
        },
        "captions": {"context_length": config["ctx"], "charset": str(files["charset_test"])},
        "charset": str(files["charset_train"]),
        "max_length": config["maxlen"],
    }


def token_table(rows: int, columns: int) -> torch.Tensor:
    """Return the token embeddings of the oracle, which a formula gives."""
    i = np.arange(1, rows + 1)[:, None]
    j = np.arange(1, columns + 1)[None]
    return torch.from_numpy((0.5 * np.sin(0.37 * i * j + 0.11 * j)).astype(np.float32))
