"""A checkpoint with the authors' names loads, whole, as the backbone, neck and head of a config."""

import torch

from tcm.cli.configs import read_config
from tcm.registry import CONVERTERS
from tests.models.foreign import CONFIGS, load_foreign
from tests.models.spotters.detectron2_names import foreign_name

# Ours to the authors', written down apart from the rules under test.
NAMES = [
    (r"^neck\.layers\.", "transformer.encoder.layers."),
    (r"^neck\.level_embed", "transformer.level_embed"),
    (r"^neck\.", ""),
    (r"^head\.proposals\.(enc_output)", r"transformer.\1"),
    (r"^head\.proposals\.", "transformer.bezier_"),
    (r"^head\.transformer\.(layers|ref_point_head)\.", r"transformer.decoder.\1."),
    (r"^head\.transformer\.ctrl_point_coord\.", "transformer.decoder.ctrl_point_coord.0."),
    (r"^head\.transformer\.(ctrl_point_class|ctrl_point_text|boundary_offset)\.", r"\1.0."),
    (r"^head\.transformer\.", ""),
]
PREFIX = "detection_transformer."
AGAIN = (
    "ctrl_point_class.1.weight", "ctrl_point_text.5.bias", "boundary_offset.2.layers.0.weight",
    "ctrl_point_coord.0.layers.0.weight", "transformer.decoder.ctrl_point_coord.5.layers.2.bias",
    "transformer.bezier_proposal_class.weight", "bezier_proposal_coord.layers.1.weight",
)  # fmt: skip
SMALL = ["model.neck.out_channels=32", "model.neck.layers=1", "model.head.transformer.layers=1"]


def test_a_checkpoint_loads_whole(tmp_path):
    name = "textspotting/deepsolo/deepsolo_resnet50_3000it_icdar2015"
    config = read_config(str(CONFIGS / f"{name}.yaml"), SMALL)
    extra = [PREFIX + name for name in AGAIN]
    foreign = lambda ours: foreign_name(ours, PREFIX, NAMES)  # noqa: E731
    model = load_foreign(tmp_path, config, "deepsolo", foreign, extra, key="model")
    # What no shape tells: the order of the channels, the place of the stride, the classes.
    seen = []
    model.backbone.trunk.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    colour = torch.tensor([123.675 + 58.395, 116.28, 103.53]).view(1, 3, 1, 1)
    model.backbone(model.normalise(colour.expand(1, 3, 64, 64)))
    torch.testing.assert_close(seen[0][0, :, 0, 0], torch.tensor([1.0, 0, 0]), atol=1e-4, rtol=0)
    assert model.backbone.trunk.layer2[0].conv2.stride == (2, 2)
    assert model.head.charset.decode([0, 25, 26, 35, 36]) == "az09"


def test_it_is_found_by_name():
    assert CONVERTERS.get("deepsolo")(f"{PREFIX}point_embed.weight").startswith("head.")
