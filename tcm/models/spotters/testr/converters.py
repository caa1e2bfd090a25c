"""Names of TESTR's parameters in the authors' checkpoints.

Heads of the decoder are stored once a layer, and some once more; they are one set. The first of
each is taken, the others are left out.
"""

import re

from tcm.models.detectron2_converters import BACKBONE, renamed_resnet
from tcm.models.mmocr_converters import renamed
from tcm.registry import CONVERTERS

PREFIX = "testr."
_RULES = [
    (r"^input_proj\.", "neck.input_proj."),
    (r"^transformer\.level_embed$", "neck.level_embed"),
    (r"^transformer\.encoder\.layers\.", "neck.layers."),
    (r"^transformer\.enc_output(_norm)?\.", r"head.proposals.enc_output\1."),
    (r"^transformer\.bbox_class_embed\.", "head.proposals.class_embed."),
    (r"^transformer\.bbox_embed\.", "head.proposals.coord_embed."),
    (r"^transformer\.pos_trans(_norm)?\.", r"head.transformer.pos_trans\1."),
    (r"^transformer\.decoder\.layers\.(\d+)\.(\w+)_text\.", r"head.transformer.text_layers.\1.\2."),
    (r"^transformer\.decoder\.layers\.", "head.transformer.layers."),
    (r"^ctrl_point_(class|coord)\.0\.", r"head.transformer.point_\1."),
    (r"^ctrl_point_embed\.", "head.transformer.point_embed."),
    (r"^(text_embed|text_class)\.", r"head.transformer.\1."),
]
_AGAIN = re.compile(r"ctrl_point_(class|coord)\.[1-9]|(bbox_class|bbox_coord|text_pos_embed)\.")


@CONVERTERS.register("testr")
def rename(name: str) -> str | None:
    """Return our name of a parameter or buffer; None for what is stored once more.

    Args:
        name: With or without the prefix ``testr.``.
    """
    name = name.removeprefix(PREFIX)
    if name.startswith(BACKBONE):
        return renamed_resnet(name)
    return None if _AGAIN.match(name) else renamed(name, _RULES)
