"""CLIP's weights, and checkpoints of ours, as entries of ``init_cfg``.

mmengine calls them when a training begins, and not when a trained model is tested.
"""

from typing import Any

from torch import nn

from tcm.clip.weights import load_text, load_visual, read_clip_state
from tcm.integrations.openmmlab.checkpoints import load_ours
from tcm.integrations.openmmlab.registries import WEIGHT_INITIALIZERS
from tcm.models.backbones.tcm import TCM


@WEIGHT_INITIALIZERS.register_module()
class CLIPPretrained:
    """CLIP's weights, for the backbones `tcm.FastTCM`, `tcm.TCM` and `tcm.CLIPR50`.

    Args:
        checkpoint: As of `tcm.clip.weights.read_clip_state`: ``openai``, or a file.
        model: Name of the architecture in open_clip.
    """

    def __init__(self, checkpoint: str, model: str = "RN50") -> None:
        self.checkpoint, self.model = checkpoint, model

    def __call__(self, module: Any) -> None:
        """Load the image encoder and, where there is a text side, the text encoder.

        Raises:
            CheckpointError: There is no such file, or it is of another architecture.
        """
        state = read_clip_state(self.checkpoint, self.model)
        load_visual(module.trunk, state, self.checkpoint)
        if isinstance(module, TCM):
            assert module.text_side is not None, "it goes when a model is deployed"
            load_text(module.text_side.text_encoder, state, self.checkpoint)


@WEIGHT_INITIALIZERS.register_module()
class Checkpoint:
    """A checkpoint that was trained here, for a whole detector or for the backbone alone.

    Args:
        checkpoint: ``best.ckpt``, ``last.ckpt`` or, for a plain backbone, ``inference.ckpt``.
        converter: Which converter gives our names of the detector's parameters, such as
            ``mmocr-dbnet``; None loads the backbone alone.
    """

    def __init__(self, checkpoint: str, converter: str | None = None) -> None:
        self.checkpoint, self.converter = checkpoint, converter

    def __call__(self, module: nn.Module) -> None:
        """Load all of the module, in place.

        Raises:
            CheckpointError: The file is missing, or of another model.
            ConfigError: An unknown converter.
        """
        load_ours(module, self.checkpoint, self.converter)
