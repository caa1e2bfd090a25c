"""CLIP's two encoders with all their tokens as output.

The modules are open_clip's, and so the parameter names are OpenAI's.

Shapes: B images, M image tokens, N captions, L caption tokens, D joint embedding.
"""

from collections.abc import Mapping
from typing import Annotated, Any

import open_clip
import torch
from open_clip.model import CLIP, CLIPVisionCfg, resize_pos_embed
from torch import Tensor

from tcm.clip.weights import read_clip_state
from tcm.errors import ConfigError, nearest
from tcm.registry import Arguments
from tcm.state_dicts import load_checked
from tcm.structures import Config
from tcm.values import Positive, PositiveFloat, require_multiple

Side = Positive | tuple[Positive, Positive]


def _vision(
    layers: Positive | None = None,
    width: Positive | None = None,
    head_width: Positive | None = None,
    mlp_ratio: PositiveFloat | None = None,
    patch_size: Side | None = None,
    image_size: Side | None = None,
) -> None:
    """Take what ``vision_cfg`` may change."""


def _text(
    layers: Positive | None = None,
    width: Positive | None = None,
    heads: Positive | None = None,
    mlp_ratio: PositiveFloat | None = None,
    context_length: Positive | None = None,
    vocab_size: Positive | None = None,
) -> None:
    """Take what ``text_cfg`` may change."""


def _clip(
    embed_dim: Positive | None = None,
    quick_gelu: bool | None = None,
    vision_cfg: Annotated[Config | None, Arguments(_vision)] = None,
    text_cfg: Annotated[Config | None, Arguments(_text)] = None,
) -> None:
    """Take what may be changed of an architecture of open_clip's."""


ClipChanges = Annotated[Config | None, Arguments(_clip)]

_COUNTERS = {"input_resolution", "context_length", "vocab_size"}  # in OpenAI's own files


class CLIPTowers(CLIP):
    """A CLIP of two transformers for images of one size; the arguments are those of open_clip."""

    def image_memory(self, images: Tensor) -> Tensor:
        """Return the embeddings (B, M, D) of the class token and of all patches.

        Each token is treated as CLIP treats the class token; they are not normalised.

        Args:
            images: Normalised (B, 3, H, W) of the size that the towers were built for.

        Raises:
            ConfigError: The images have another size.
        """
        visual = self.visual
        if tuple(images.shape[-2:]) != tuple(visual.image_size):
            raise ConfigError(
                f"images are {tuple(images.shape[-2:])}, CLIP's image_size is "
                f"{tuple(visual.image_size)}"
            )
        patches = visual.conv1(images).flatten(2).transpose(1, 2)
        first = visual.class_embedding.to(patches.dtype).expand(images.shape[0], 1, -1)
        x = torch.cat([first, patches], 1) + visual.positional_embedding
        return visual.ln_post(visual.transformer(visual.ln_pre(x))) @ visual.proj

    def text_memory(self, ids_NL: Tensor) -> Tensor:
        """Return the embeddings (N, L, D) of all caption tokens, those after the end included.

        They are not normalised.

        Args:
            ids_NL: int64 ids; only the first L positions of the table are used.
        """
        length = ids_NL.shape[1]
        x = self.token_embedding(ids_NL) + self.positional_embedding[:length]
        x = self.transformer(x, attn_mask=self.attn_mask[:length, :length])
        return self.ln_final(x) @ self.text_projection

    def freeze(self, text_freeze_nlayer: int = 6, image_freeze_nlayer: int = -1) -> None:
        """Exclude parameters from training, in place; the defaults are the paper's.

        Args:
            text_freeze_nlayer: Text blocks that are frozen, from the first, together with the token
                and position embeddings. All of them freeze the whole encoder, its last norm and
                projection too; -1 freezes nothing.
            image_freeze_nlayer: Image blocks that are frozen, from the first, together with the
                class and position embeddings; the patch embedding and the norms outside of the
                blocks stay trainable. All of them freeze the whole encoder; -1 freezes nothing.

        The temperature is always frozen: nothing reads it.

        Raises:
            ConfigError: There are fewer blocks.
        """
        visual = self.visual
        blocks = self.transformer.resblocks
        image_blocks = visual.transformer.resblocks
        _require("text_freeze_nlayer", text_freeze_nlayer, len(blocks))
        _require("image_freeze_nlayer", image_freeze_nlayer, len(image_blocks))
        self.logit_scale.requires_grad_(False)
        if text_freeze_nlayer >= 0:
            for part in (self.token_embedding, *blocks[:text_freeze_nlayer]):
                part.requires_grad_(False)
            self.positional_embedding.requires_grad_(False)
        if text_freeze_nlayer == len(blocks):
            self.ln_final.requires_grad_(False)
            self.text_projection.requires_grad_(False)
        if image_freeze_nlayer >= 0:
            image_blocks[:image_freeze_nlayer].requires_grad_(False)
            visual.class_embedding.requires_grad_(False)
            visual.positional_embedding.requires_grad_(False)
        if image_freeze_nlayer == len(image_blocks):
            visual.requires_grad_(False)


def build_towers(
    pretrained: str | None, name: str, changes: Config | None = None, released: bool = False
) -> CLIPTowers:
    """Return CLIP's towers with their weights.

    Args:
        pretrained: Weights as of `tcm.clip.weights.read_clip_state`; None for random
            initialisation. The position table is resampled if the image size is another.
        name: Name of the architecture in open_clip; one in ``-quickgelu`` for weights of OpenAI.
        changes: Put over the architecture's settings, in open_clip's form: ``embed_dim``,
            ``quick_gelu``, and mappings ``vision_cfg`` and ``text_cfg``.
        released: Whether the towers run as in the released code of CLIP4STR, whatever the weights
            were trained with: QuickGELU, and image heads of 64 channels.

    Raises:
        ConfigError: An unknown name, one without transformers, or one whose activation is not the
            one that the weights were trained with.
        CheckpointError: The weights cannot be had or do not fit.
    """
    settings = _settings(name, changes or {}, released)
    quick = bool(settings.get("quick_gelu"))
    weights = open_clip.get_pretrained_cfg(name, pretrained) if pretrained else {}
    if weights and bool(weights.get("quick_gelu")) != quick and not released:
        wanted = "QuickGELU" if weights.get("quick_gelu") else "GELU"
        other = f"{name.removesuffix('-quickgelu')}{'-quickgelu' if not quick else ''}"
        raise ConfigError(
            f"model.clip_model: the weights '{pretrained}' were trained with {wanted}; use "
            f"'{other}'"
        )
    towers = CLIPTowers(**settings)
    if pretrained is not None:
        state = read_clip_state(pretrained, name)
        resize_pos_embed(state, towers)
        state = {key: value for key, value in state.items() if key not in _COUNTERS}
        load_checked(towers, state, pretrained)
    return towers


def _settings(name: str, changes: Config, released: bool) -> dict[str, Any]:
    settings = open_clip.get_model_config(name)
    if settings is None:
        raise ConfigError(
            f"model.clip_model: unknown name '{name}'{nearest(name, open_clip.list_models())}"
        )
    settings = _merged(settings, changes)
    vision, text = settings.get("vision_cfg", {}), settings.get("text_cfg", {})
    plain = isinstance(vision.get("layers"), int) and "width" in text
    if not plain or {"timm_model_name", "hf_model_name"} & {*vision, *text}:
        raise ConfigError(f"model.clip_model: '{name}' is no CLIP of two plain transformers")
    if released:
        settings["quick_gelu"] = True
        vision["head_width"] = 64
    head_width = vision.get("head_width", CLIPVisionCfg.head_width)
    heads = vision["width"] // head_width or head_width  # a width below that of a head fits none
    require_multiple("model.clip.vision_cfg.width", vision["width"], heads)
    require_multiple("model.clip.text_cfg.width", text["width"], text["heads"])
    return settings


def _merged(base: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    result = dict(base)
    for key, value in changes.items():
        both = isinstance(value, Mapping) and isinstance(result.get(key), Mapping)
        result[key] = _merged(result[key], value) if both else value
    return result


def _require(name: str, layers: int, most: int) -> None:
    if not -1 <= layers <= most:
        raise ConfigError(f"model.{name}: -1 to {most} is wanted, got {layers}")
