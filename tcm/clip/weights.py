"""Finding, reading and applying CLIP's weights, by open_clip's name or from any usual file."""

from collections.abc import Mapping
from pathlib import Path

from torch import Tensor, nn

from tcm.errors import CheckpointError, nearest
from tcm.inputs import why_no_file
from tcm.shipped import clip_weights
from tcm.state_dicts import State, load_checked, read_state_file

TINY = "tiny"  # of configs/clip/clip_rn-tiny_*
_SUFFIXES = {".pt", ".pth", ".bin", ".ckpt", ".safetensors"}
_TEXT_PARTS = (
    "transformer.",
    "token_embedding.",
    "ln_final.",
    "text_projection",
    "positional_embedding",
)


def read_clip_state(pretrained: str, model: str = "RN50") -> State:
    """Return CLIP's whole state dict in float32, under OpenAI's names.

    Args:
        pretrained: A tag of open_clip for `model`, such as ``openai`` (downloaded once, then
            cached), ``tiny`` for the one that ships with the package, of a small architecture of
            its own, or the path of a file: OpenAI's TorchScript archive, a state dict, a checkpoint
            with a ``state_dict``, or safetensors.
        model: Name of the architecture in open_clip.

    Raises:
        CheckpointError: Neither a known tag nor an existing file, no download, or a damaged file.
    """
    import open_clip  # not at the top: slow to import, and a start without weights needs none
    from open_clip.pretrained import download_pretrained

    tags = open_clip.list_pretrained_tags_by_model(model)
    path = Path(pretrained)
    if path.suffix in _SUFFIXES or len(path.parts) > 1 or why_no_file(path) is None:
        return read_state_file(path)
    if pretrained == TINY:
        return read_state_file(clip_weights())
    if pretrained not in tags:
        known = [*tags, TINY]
        raise CheckpointError(
            f"CLIP {model} has no weights '{pretrained}'{nearest(pretrained, known)}"
        )
    try:
        path = Path(download_pretrained(open_clip.get_pretrained_cfg(model, pretrained)))
    except (OSError, RuntimeError, ValueError) as error:
        reason = f"{type(error).__name__}: {error}".splitlines()[0]
        raise CheckpointError(
            f"weights '{pretrained}' of CLIP {model} could not be downloaded ({reason}); give the "
            "path of a local file as 'pretrained', or null for random initialisation"
        ) from error
    return read_state_file(path)


def load_visual(trunk: nn.Module, clip_state: Mapping[str, Tensor], source: str) -> None:
    """Load the image encoder's part of CLIP's state into a `CLIPVisualTrunk`.

    Raises:
        CheckpointError: The state lacks a parameter or has one of another shape; the text names it
            and `source`.
    """
    state = {k.removeprefix("visual."): v for k, v in clip_state.items() if k.startswith("visual.")}
    load_checked(trunk, state, f"{source}, image encoder", unused_ok=True)


def load_text(encoder: nn.Module, clip_state: Mapping[str, Tensor], source: str) -> None:
    """Load the text encoder's part of CLIP's state into a `PromptedTextEncoder`.

    The position table is cut to the encoder's `context_length`.

    Raises:
        CheckpointError: The state lacks a parameter or has one of another shape; the text names it
            and `source`.
    """
    state = {k: v for k, v in clip_state.items() if k.startswith(_TEXT_PARTS)}
    if "positional_embedding" in state:
        state["positional_embedding"] = state["positional_embedding"][: encoder.context_length]
    load_checked(encoder, state, f"{source}, text encoder")
