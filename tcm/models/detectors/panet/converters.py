"""Names of the parameters of PANet in checkpoints of MMOCR 1.x.

``configs/_base_/compat/mmocr-panet.yaml``, named after the other bases of a config, makes backbone
and neck MMOCR's, without which they do not fit.
"""

import re

from tcm.models.mmocr_converters import renamed
from tcm.registry import CONVERTERS

_RULES = [
    (r"\.depthwise_conv\.", ".depthwise."),
    (r"\.pointwise_conv\.", ".pointwise."),
    (r"^(neck\.fpems\..*)\.bn\.", r"\1.norm."),
    (r"^head\.conv1\.", "head.hidden.0."),
    (r"^head\.bn1\.", "head.hidden.1."),
    (r"^head\.conv2\.", "head.maps."),
]


@CONVERTERS.register("mmocr-panet")
def rename(name: str) -> str:
    """Return our name of a parameter or buffer of MMOCR's ResNet, neck or head."""
    name = renamed(name, _RULES)
    # MMOCR counts the levels from 2 (stride 4) and the additions from 1.
    name = re.sub(r"^neck\.reduce_conv_c(\d)\.", lambda m: f"neck.reduce.{int(m[1]) - 2}.", name)
    return re.sub(r"\.(up|down)_add(\d)\.", lambda m: f".{m[1]}.{int(m[2]) - 1}.", name)
