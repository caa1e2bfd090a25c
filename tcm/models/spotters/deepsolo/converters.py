"""Names of DeepSolo's parameters in the authors' checkpoints.

There all heads of the decoder are stored once a layer, and some once more; they are one set. The
first of each is taken, the others are left out.
"""

from tcm.models.detectron2_converters import BACKBONE, renamed_resnet
from tcm.models.mmocr_converters import renamed
from tcm.registry import CONVERTERS

PREFIX = "detection_transformer."
_RULES = [
    (r"^point_embed\.", "head.transformer.point_embed."),
    (r"^input_proj\.", "neck.input_proj."),
    (r"^transformer\.level_embed$", "neck.level_embed"),
    (r"^transformer\.encoder\.layers\.", "neck.layers."),
    (r"^transformer\.enc_output(_norm)?\.", r"head.proposals.enc_output\1."),
    (r"^transformer\.bezier_(class|coord)_embed\.", r"head.proposals.\1_embed."),
    (r"^transformer\.decoder\.layers\.", "head.transformer.layers."),
    (r"^transformer\.decoder\.ref_point_head\.", "head.transformer.ref_point_head."),
    (r"^transformer\.decoder\.ctrl_point_coord\.0\.", "head.transformer.ctrl_point_coord."),
    (r"^(ctrl_point_class|ctrl_point_text|boundary_offset)\.0\.", r"head.transformer.\1."),
]


@CONVERTERS.register("deepsolo")
def rename(name: str) -> str | None:
    """Return our name of a parameter or buffer; None for what is stored once more.

    Args:
        name: With or without the prefix ``detection_transformer.``.
    """
    name = name.removeprefix(PREFIX)
    if name.startswith(BACKBONE):
        return renamed_resnet(name)
    if name.startswith("ctrl_point_coord.") or "bezier_proposal_" in name:
        return None
    again = ("ctrl_point_class.", "ctrl_point_text.", "boundary_offset.")
    parts = name.removeprefix("transformer.decoder.").split(".")
    if f"{parts[0]}." in (*again, "ctrl_point_coord.") and parts[1] != "0":
        return None
    return renamed(name, _RULES)
