"""Parameter names of PARSeq's published checkpoints and ours.

| published (a leading ``model.`` is dropped) | ours |
|---|---|
| ``encoder.patch_embed.proj.*`` | ``encoder.patch_embed.*`` |
| ``encoder.blocks.N.norm1.*``, ``norm2`` | ``encoder.transformer.resblocks.N.ln_1.*``, ``ln_2`` |
| ``encoder.blocks.N.attn.qkv.weight``, ``bias`` | ``...N.attn.in_proj_weight``, ``_bias`` |
| ``encoder.blocks.N.attn.proj.*`` | ``...N.attn.out_proj.*`` |
| ``encoder.blocks.N.mlp.fc1.*``, ``fc2`` | ``...N.mlp.c_fc.*``, ``c_proj`` |
| ``pos_queries``, ``head.*`` | ``decoder.pos_queries``, ``decoder.head.*`` |
| ``text_embed.embedding.weight`` | ``decoder.text_embed.weight`` |
| ``encoder.pos_embed``, ``encoder.norm.*``, ``decoder.layers.*``, ``decoder.norm.*`` | the same |
"""

import re

from tcm.registry import CONVERTERS

_RULES = (
    (r"^model\.", ""),
    (r"^encoder\.patch_embed\.proj\.", "encoder.patch_embed."),
    (r"^encoder\.blocks\.", "encoder.transformer.resblocks."),
    (r"^(encoder\..*)\.norm([12])\.", r"\1.ln_\2."),
    (r"^(encoder\..*)\.attn\.qkv\.", r"\1.attn.in_proj_"),
    (r"^(encoder\..*)\.attn\.proj\.", r"\1.attn.out_proj."),
    (r"^(encoder\..*)\.mlp\.fc1\.", r"\1.mlp.c_fc."),
    (r"^(encoder\..*)\.mlp\.fc2\.", r"\1.mlp.c_proj."),
    (r"^text_embed\.embedding\.", "text_embed."),
    (r"^(pos_queries|head\.|text_embed\.)", r"decoder.\1"),
)


@CONVERTERS.register("parseq")
def rename(name: str) -> str:
    """Return our name of a parameter of a published PARSeq."""
    for pattern, replacement in _RULES:
        name = re.sub(pattern, replacement, name)
    return name
