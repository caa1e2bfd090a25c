"""Parameter names of the released TCM and ours, for loading its published checkpoints.

Those are checkpoints of mmocr 0.4.

| released | ours |
|---|---|
| ``backbone.*`` | ``backbone.trunk.*`` |
| ``text_encoder.*`` | ``backbone.text_side.text_encoder.*`` |
| ``contexts``, ``meta_query`` | ``backbone.text_side.*`` |
| ``prompt_generator.prompt_proj.*`` | ``backbone.text_side.prompt_generator.*`` |
| ``visual_prompt_generator.*``, ``gamma``, ``vis_gamma`` | ``backbone.matching.*`` |
| ``context_decoder.*`` | ``backbone.matching.text_refinement.*`` |
| in both decoders ``text_proj``, ``decoder.N`` | ``query_proj``, ``layers.N`` |
| ``neck.*_convs.N.conv.*`` | ``neck.*_convs.N.*`` |
| ``bbox_head.*`` | ``head.*`` |

Those over DBNet were published, for ICDAR2015 and MSRA-TD500. ``configs/_base_/compat/tcm.yaml``,
named after the other bases of a config, gives their prompt, its length and the side that the
position grid is for; ``textdet/dbnet/dbnet_tcm-cr50_released_*.yaml`` have it.
"""

import re

from tcm.registry import CONVERTERS

_RULES = (
    (r"^backbone\.", "backbone.trunk."),
    (r"^text_encoder\.", "backbone.text_side.text_encoder."),
    (r"^(contexts|meta_query)$", r"backbone.text_side.\1"),
    (r"^prompt_generator\.prompt_proj\.", "backbone.text_side.prompt_generator."),
    (r"^(gamma|vis_gamma)$", r"backbone.matching.\1"),
    (r"^visual_prompt_generator\.", "backbone.matching.visual_prompt_generator."),
    (r"^context_decoder\.", "backbone.matching.text_refinement."),
    (r"^bbox_head\.", "head."),
    (r"^(neck\.\w+_convs\.\d+)\.conv\.", r"\1."),
)
_DECODER_RULES = ((r"\.text_proj\.", ".query_proj."), (r"\.decoder\.(\d+)\.", r".layers.\1."))


@CONVERTERS.register("tcm")
def rename(name: str) -> str:
    """Return our name of a parameter of the released TCM."""
    for pattern, replacement in _RULES:
        renamed, count = re.subn(pattern, replacement, name)
        if count:
            name = renamed
            break
    if name.startswith("backbone.matching."):
        for pattern, replacement in _DECODER_RULES:
            name = re.sub(pattern, replacement, name)
    return name
