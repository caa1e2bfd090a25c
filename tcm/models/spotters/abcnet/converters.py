"""Names of the parameters of ABCNet v1 and v2 in checkpoints of MMOCR 1.x.

The scales of MMOCR's detection head, which it makes and does not use, are left out.
``configs/_base_/compat/mmocr-abcnet.yaml``, named after the other bases of a config, makes the
network see images and number characters as MMOCR's does; shapes tell neither.
"""

from tcm.models.mmocr_converters import renamed
from tcm.registry import CONVERTERS

_RULES = [
    (r"^neck\.fpn_convs\.([0-3])\.conv\.", r"neck.smooth_convs.\1."),
    (r"^neck\.fpn_convs\.4\.conv\.", "neck.extra_convs.0."),
    (r"^neck\.fpn_convs\.5\.conv\.", "neck.extra_convs.1."),
    (r"^neck\.lateral_convs\.(\d)\.conv\.", r"neck.lateral_convs.\1."),
    (r"^neck\.lateral_convs\.(\d)\.bn\.", r"neck.lateral_norms.\1."),
    (r"^neck\.extra_convs\.0\.0\.conv\.", "neck.extra_conv.0."),
    (r"^neck\.extra_convs\.0\.0\.bn\.", "neck.extra_conv.1."),
    (r"^neck\.bifpn_convs\.(\d)\.weight_two_nodes$", r"neck.fusions.\1.pair_weights"),
    (r"^neck\.bifpn_convs\.(\d)\.weight_three_nodes$", r"neck.fusions.\1.triple_weights"),
    (r"^neck\.bifpn_convs\.(\d)\.bifpn_convs\.(\d)\.0\.conv\.", r"neck.fusions.\1.convs.\2.0."),
    (r"^neck\.bifpn_convs\.(\d)\.bifpn_convs\.(\d)\.0\.bn\.", r"neck.fusions.\1.convs.\2.1."),
    (r"^head\.cls_convs\.(\d)\.conv\.", r"head.detector.cls_tower.\1.0."),
    (r"^head\.cls_convs\.(\d)\.gn\.", r"head.detector.cls_tower.\1.1."),
    (r"^head\.reg_convs\.(\d)\.conv\.", r"head.detector.box_tower.\1.0."),
    (r"^head\.reg_convs\.(\d)\.gn\.", r"head.detector.box_tower.\1.1."),
    (r"^head\.conv_reg\.", "head.detector.box."),
    (r"^head\.conv_centerness\.", "head.detector.centerness."),
    (r"^head\.conv_(cls|bezier)\.", r"head.detector.\1."),
    (r"^roi_head\.neck\.mask_convs\.(\d)\.conv\.", r"head.coord.convs.\1.0."),
    (r"^roi_head\.neck\.mask_convs\.(\d)\.bn\.", r"head.coord.convs.\1.1."),
    (r"^roi_head\.rec_head\.backbone\.convs\.(\d)\.conv\.", r"head.recognizer.convs.\1.0."),
    (r"^roi_head\.rec_head\.backbone\.convs\.(\d)\.[bg]n\.", r"head.recognizer.convs.\1.1."),
    (r"^roi_head\.rec_head\.encoder\.layer\.rnn\.", "head.recognizer.encoder.lstm."),
    (r"^roi_head\.rec_head\.encoder\.layer\.embedding\.", "head.recognizer.encoder.projection."),
    (r"^roi_head\.rec_head\.decoder\.attn_combine\.", "head.recognizer.decoder.combine."),
    (r"^roi_head\.rec_head\.decoder\.vat\.", "head.recognizer.decoder.energy."),
    (r"^roi_head\.rec_head\.decoder\.gru\.(\w+)_l0$", r"head.recognizer.decoder.gru.\1"),
    (r"^roi_head\.rec_head\.decoder\.(embedding|out)\.", r"head.recognizer.decoder.\1."),
]


@CONVERTERS.register("mmocr-abcnet")
def rename(name: str) -> str | None:
    """Return our name of a parameter or buffer of MMOCR's ResNet, FPN or BiFPN, and heads.

    It is None for the scales.
    """
    if name.startswith("det_head.scales."):
        return None
    return renamed(name, _RULES)
