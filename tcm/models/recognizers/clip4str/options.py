"""The options of CLIP4STR's two branches, with the authors' choices as defaults."""

from dataclasses import dataclass
from typing import Literal

from tcm.errors import ConfigError
from tcm.models.recognizers.decoding import Decoding


@dataclass(frozen=True)
class CrossTraining:
    """How the cross-modal branch is trained.

    Attributes:
        cross_loss_w: Weight of its loss; with 0 the visual branch is trained alone.
        cross_cloze_mask: Whether its queries see all characters but their own, in every order.
        cross_gt_context: Whether its context is the label; otherwise it is the visual branch's
            answer.
        image_detach: Whether its gradient stops before the image encoder.
    """

    cross_loss_w: float = 1.0
    cross_cloze_mask: bool = False
    cross_gt_context: bool = True
    image_detach: bool = True


@dataclass(frozen=True)
class DualDecoding(Decoding):
    """How the two branches read: dual predict-and-refine.

    Attributes:
        output: Whose answer is the model's: that of the ``cross`` branch, or of the ``visual`` one,
            for which no caption is encoded.
        step_budget: Characters that the cross-modal branch reads one after the other at most:
            ``own`` lets it read until its texts have ended; ``visual`` gives it as many as the
            visual branch needed for the longest text of the batch, as the released code does, so
            that a result depends on the rest of the batch.
    """

    output: Literal["cross", "visual"] = "cross"
    step_budget: Literal["own", "visual"] = "own"

    def __post_init__(self) -> None:
        super().__post_init__()
        for name, choices in (("output", ("cross", "visual")), ("step_budget", ("own", "visual"))):
            value = getattr(self, name)
            if value not in choices:
                one, other = choices
                raise ConfigError(
                    f"model.decoding.{name}: '{one}' or '{other}' is wanted, got '{value}'"
                )
