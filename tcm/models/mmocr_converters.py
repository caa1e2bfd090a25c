"""What the parameter names of all detectors of MMOCR 1.x have in common.

| MMOCR | ours |
|---|---|
| ``backbone.*`` | ``backbone.trunk.*``, with torchvision's names |
| ``backbone.stem.0`` to ``6`` | ``backbone.trunk.conv1.0`` to ``6`` |
| ``backbone.stem.7`` | ``backbone.trunk.bn1`` |
| ``*.conv2.conv_offset.*`` | ``*.conv2.offset.*`` |
| ``det_head.*`` | ``head.*`` |

Those of a backbone of ours in MMOCR (`tcm.integrations.openmmlab`) are ours already.
"""

import re
from collections.abc import Sequence

_RULES = (
    (r"^backbone\.stem\.7\.", "backbone.bn1."),  # of the deep stem
    (r"^backbone\.stem\.", "backbone.conv1."),
    (r"^backbone\.(?!(trunk|text_side|matching|bsm|text_constant)\b)", "backbone.trunk."),
    (r"\.conv2\.conv_offset\.", ".conv2.offset."),
    (r"^det_head\.", "head."),
)


def renamed(name: str, rules: Sequence[tuple[str, str]]) -> str:
    """Return our name of MMOCR's parameter or buffer, by a method's rules after those of all.

    Args:
        name: Such as ``det_head.conv1.weight``.
        rules: Patterns and their replacements, applied one after the other.
    """
    for pattern, replacement in (*_RULES, *rules):
        name = re.sub(pattern, replacement, name)
    return name
