"""What the check of a config finds beyond names and arguments."""

import pytest

from tcm.cli.configs import read_config
from tcm.errors import ConfigError

SPOTTER = "configs/textspotting/abcnet/abcnet_fasttcm-tiny_3000it_synthetic.yaml"
READER = "configs/textrecog/clip4str/clip4str_vit-tiny_20000it_synthetic.yaml"


@pytest.mark.parametrize(
    ("config", "option", "expected"),
    [
        (
            SPOTTER,
            "model.head.recognizer.charset=configs/charsets/ascii95.txt",
            "model.head.recognizer.charset is 'configs/charsets/ascii95.txt' and "
            "data.train.pipeline.0.charset 'configs/charsets/digits10.txt'",
        ),
        (READER, "model.charset=94", "model.charset is 94 and data.train.pipeline.2.charset 36"),
    ],
)
def test_targets_and_model_must_number_characters_alike(config, option, expected, pytestconfig):
    path = str(pytestconfig.rootpath / config)
    assert read_config(path)
    with pytest.raises(ConfigError, match="they must be the same") as error:
        read_config(path, [option])
    assert expected in str(error.value)
