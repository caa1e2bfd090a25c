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
            "data.train.pipeline.0.charset=configs/charsets/ascii95.txt",
            "model.head.recognizer.charset is 'configs/charsets/digits10.txt' and "
            "data.train.pipeline.0.charset 'configs/charsets/ascii95.txt'",
        ),
        (
            READER,
            "data.train.pipeline.2.charset=94",
            "model.charset is 36 and data.train.pipeline.2.charset 94",
        ),
    ],
)
def test_targets_and_model_must_number_characters_alike(config, option, expected, pytestconfig):
    path = str(pytestconfig.rootpath / config)
    assert read_config(path)
    with pytest.raises(ConfigError, match="they must be the same") as error:
        read_config(path, [option])
    assert expected in str(error.value)


@pytest.mark.parametrize(
    ("config", "option", "place"),
    [(SPOTTER, "model.head.recognizer.length=9", 0), (READER, "model.charset=94", 2)],
)
def test_targets_take_from_the_model_what_both_share(config, option, place, pytestconfig):
    read = read_config(str(pytestconfig.rootpath / config), [option])
    targets = read["data"]["train"]["pipeline"][place]
    key, value = option.rpartition(".")[2].split("=")
    assert targets[key] == int(value)
