"""CLIP4STR in its smallest form, and the reference's miniature with its weights."""

import numpy as np
import torch

import tcm.models.recognizers.clip4str.converters
import tcm.models.recognizers.clip4str.model  # noqa: F401  # both register names
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
    "text_freeze_nlayer": 1,
    "dec_num_heads": 2,
}


def reference_model() -> torch.nn.Module:
    """Return the reference's miniature in eval mode."""
    archive, config = oracles.arrays("clip4str_weights"), oracles.facts("clip4str")["config"]
    model = MODELS.build(_reference_config(config))
    state = dict(oracles.weights(archive))
    state.setdefault("clip_model.logit_scale", torch.tensor(0.0))
    state["clip_model.token_embedding.weight"] = token_table(config["vocab"], config["tw"])
    rename = CONVERTERS.get("clip4str")
    model.load_state_dict({rename(name): value for name, value in state.items()})
    return model.eval()


def set_reading(model, decode_ar=True, refine_iters=1, output="cross", step_budget="own") -> None:
    """Set how the model reads."""
    model.decode_ar, model.refine_iters = decode_ar, refine_iters
    model.output, model.step_budget = output, step_budget


def _reference_config(config: dict) -> dict:
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
        "text_freeze_nlayer": config["freeze"],
        "dec_num_heads": config["heads"],
        "dec_mlp_ratio": config["mlp"],
        "dec_depth": config["dec_depth"],
        "context_length": config["ctx"],
        "caption_charset": {"characters": config["charset_test"]},
        "charset": {"characters": config["charset_train"]},
        "max_label_length": config["maxlen"],
    }


def token_table(rows: int, columns: int) -> torch.Tensor:
    """Return the token embeddings of the oracle, which a formula gives."""
    i = np.arange(1, rows + 1)[:, None]
    j = np.arange(1, columns + 1)[None]
    return torch.from_numpy((0.5 * np.sin(0.37 * i * j + 0.11 * j)).astype(np.float32))
