import pytest

from tcm.cli.configs import read_config
from tcm.engine.checkpoint import load_model
from tcm.errors import CheckpointError
from tests.models.foreign import CONFIGS, compat_config, load_foreign, mmocr_name

CONFIG = "textdet/psenet/psenet_resnet50_600e_icdar2015"
OPTIONS = ["model.backbone.depth=18"]
# Ours to MMOCR's, written down apart from the rules under test.
THEIRS = [
    (r"^neck\.fusion\.0\.", "neck.output_convs.conv."),
    (r"^neck\.fusion\.1\.", "neck.output_convs.bn."),
    (r"^(neck\.(?:lateral|fpn)_convs\.\d)\.0\.", r"\1.conv."),
    (r"^(neck\.(?:lateral|fpn)_convs\.\d)\.1\.", r"\1.bn."),
    (r"^head\.conv\.0\.", "head.conv1."),
    (r"^head\.conv\.1\.", "head.bn1."),
    (r"^head\.out\.", "head.conv2."),
]


def test_a_checkpoint_loads_with_the_compat_base_and_not_without(tmp_path):
    config = compat_config(tmp_path, CONFIG, "mmocr-psenet", OPTIONS)
    model = load_foreign(tmp_path, config, "mmocr-psenet", lambda n: mmocr_name(n, THEIRS))
    assert model.neck.upsample == "nearest"
    assert model.head.decoder.outliner.min_score == 0.3
    plain = read_config(str(CONFIGS / f"{CONFIG}.yaml"), OPTIONS)
    with pytest.raises(CheckpointError, match="fusion"):
        load_model(plain["model"], tmp_path / "foreign.ckpt", "mmocr-psenet")
