"""Names of the parameters of FCENet in checkpoints of MMOCR 1.x.

``configs/_base_/compat/mmocr-fcenet.yaml``, named after the other bases of a config, gives MMOCR's
statistics.
"""

from tcm.models.mmocr_converters import renamed
from tcm.registry import CONVERTERS

# MMOCR wraps convolutions in modules of their own; torchvision calls those of a pyramid blocks.
_RULES = [
    (r"^neck\.lateral_convs\.(\d+)\.conv\.", r"neck.pyramid.inner_blocks.\1.0."),
    (r"^neck\.fpn_convs\.(\d+)\.conv\.", r"neck.pyramid.layer_blocks.\1.0."),
]


@CONVERTERS.register("mmocr-fcenet")
def rename(name: str) -> str:
    """Return our name of a parameter or buffer of MMOCR's ResNet, neck or head."""
    return renamed(name, _RULES)
