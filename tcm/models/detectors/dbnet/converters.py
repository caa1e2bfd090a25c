"""Names of the parameters of DBNet and DBNet++ in checkpoints of MMOCR 1.x.

``configs/_base_/compat/mmocr-dbnet.yaml``, named after the other bases of a config, gives MMOCR's
statistics and decoding.
"""

from tcm.models.mmocr_converters import renamed
from tcm.registry import CONVERTERS

# MMOCR wraps convolutions in modules of their own, and counts the layers of the attention without
# the pooling and the activations.
_RULES = [
    (r"^neck\.(lateral|smooth)_convs\.(\d+)\.conv\.", r"neck.\1_convs.\2."),
    (r"^neck\.asf_conv\.conv\.", "neck.asf.conv."),
    (r"^neck\.asf_attn\.channel_wise\.0\.conv\.", "neck.asf.channel.1."),
    (r"^neck\.asf_attn\.channel_wise\.1\.conv\.", "neck.asf.channel.3."),
    (r"^neck\.asf_attn\.spatial_wise\.0\.conv\.", "neck.asf.spatial.0."),
    (r"^neck\.asf_attn\.spatial_wise\.1\.conv\.", "neck.asf.spatial.2."),
    (r"^neck\.asf_attn\.attention_wise\.conv\.", "neck.asf.scale.0."),
]


@CONVERTERS.register("mmocr-dbnet")
def rename(name: str) -> str:
    """Return our name of a parameter or buffer of MMOCR's ResNet, neck or head."""
    return renamed(name, _RULES)
