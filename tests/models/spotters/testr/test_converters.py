"""A checkpoint with the authors' names loads, whole, as the backbone, neck and head of a config."""

import pytest

from tcm.cli.configs import read_config
from tests.models.foreign import CONFIGS, load_foreign
from tests.models.spotters.detectron2_names import foreign_name

# Ours to the authors', written down apart from the rules under test.
NAMES = [
    (r"^neck\.layers\.", "transformer.encoder.layers."),
    (r"^neck\.level_embed", "transformer.level_embed"),
    (r"^neck\.", ""),
    (r"^head\.proposals\.(enc_output)", r"transformer.\1"),
    (r"^head\.proposals\.class_embed\.", "transformer.bbox_class_embed."),
    (r"^head\.proposals\.coord_embed\.", "transformer.bbox_embed."),
    (r"^head\.transformer\.(pos_trans)", r"transformer.\1"),
    (r"^head\.transformer\.text_layers\.(\d)\.(\w+)", r"transformer.decoder.layers.\1.\2_text"),
    (r"^head\.transformer\.layers\.", "transformer.decoder.layers."),
    (r"^head\.transformer\.point_(class|coord)\.", r"ctrl_point_\1.0."),
    (r"^head\.transformer\.point_embed", "ctrl_point_embed"),
    (r"^head\.transformer\.", ""),
]
PREFIX = "testr."
AGAIN = (
    "ctrl_point_class.3.weight", "ctrl_point_coord.1.layers.0.weight", "bbox_class.bias",
    "bbox_coord.layers.2.bias", "text_pos_embed.inv_freq",
)  # fmt: skip
SMALL = ["model.neck.out_channels=32", "model.neck.layers=1", "model.head.transformer.layers=2"]


@pytest.mark.parametrize("method", ["testr", "testr-bezier"])
def test_a_checkpoint_loads_whole(tmp_path, method):
    name = f"textspotting/testr/{method}_resnet50_440000it_pretrain"
    config = read_config(str(CONFIGS / f"{name}.yaml"), SMALL)
    extra = [PREFIX + name for name in AGAIN]
    foreign = lambda ours: foreign_name(ours, PREFIX, NAMES)  # noqa: E731
    model = load_foreign(tmp_path, config, "testr", foreign, extra, key="model")
    charset = model.head.charset
    assert (charset.encode(" ~", 3).tolist(), charset.num_classes) == ([0, 94, 96], 97)
