"""Names of the parameters of PSENet in checkpoints of MMOCR 1.x.

``configs/_base_/compat/mmocr-psenet.yaml``, named after the other bases of a config, makes the neck
MMOCR's, without which they do not fit.
"""

from tcm.models.mmocr_converters import renamed
from tcm.registry import CONVERTERS

# MMOCR wraps a convolution and its batch norm in a module of their own.
_RULES = [
    (r"^neck\.output_convs\.", "neck.fusion."),
    (r"^(neck\..*)\.conv\.", r"\1.0."),
    (r"^(neck\..*)\.bn\.", r"\1.1."),
    (r"^head\.conv1\.", "head.conv.0."),
    (r"^head\.bn1\.", "head.conv.1."),
    (r"^head\.conv2\.", "head.out."),
]


@CONVERTERS.register("mmocr-psenet")
def rename(name: str) -> str:
    """Return our name of a parameter or buffer of MMOCR's ResNet, neck or head."""
    return renamed(name, _RULES)
