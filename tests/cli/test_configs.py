"""What the check of a config finds beyond names and arguments."""

import pytest

from tcm.cli.configs import read_config
from tcm.errors import ConfigError

SPOTTER = "configs/textspotting/abcnet/abcnet_fasttcm-tiny_3000it_synthetic.yaml"
POINTS = "configs/textspotting/deepsolo/deepsolo_fasttcm-tiny_5500it_synthetic.yaml"
READER = "configs/textrecog/clip4str/clip4str_vit-tiny_20000it_synthetic.yaml"


@pytest.mark.parametrize(
    ("config", "option", "expected"),
    [
        (
            SPOTTER,
            "data.train.pipeline.0.charset=ascii95",
            "model.head.recognizer.charset is 'digits10' and "
            "data.train.pipeline.0.charset 'ascii95'",
        ),
        (
            POINTS,
            "data.train.pipeline.2.charset=ascii95",
            "model.head.charset is {'name': 'digits10'} and data.train.pipeline.2.charset",
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


def test_two_names_of_a_charset_are_alike_and_a_wrong_one_is_named(pytestconfig):
    path = str(pytestconfig.rootpath / READER)
    assert read_config(path, ["data.train.pipeline.2.charset=lowercase36"])
    with pytest.raises(ConfigError, match="model.charset: lowercase35: .*'lowercase36'"):
        read_config(path, ["model.charset=lowercase35"])


def test_special_classes_are_part_of_the_numbering(pytestconfig):
    path, option = str(pytestconfig.rootpath / SPOTTER), "data.train.pipeline.0.charset={}"
    with pytest.raises(ConfigError, match="they must be the same"):
        read_config(path, [option.format("{name: digits10, specials: mmocr}")])
    assert read_config(path, [option.format("{name: digits10, fold: lower}")])


def test_every_charset_of_a_config_is_in_the_report(pytestconfig):
    wrong = {
        "model.caption_charset": "36a",
        "data.train.dataset.charset": "{name: 35}",
        "data.val.dataset.charset": "{name: 36, fodl: lower}",
        "data.train.pipeline.2.charset": "{characters: aba}",
        "evaluation.metrics.words.charset": "parseq95",
    }
    options = [f"{key}={value}" for key, value in wrong.items()]
    with pytest.raises(ConfigError, match="5 mistakes") as error:
        read_config(str(pytestconfig.rootpath / READER), options)
    lines = str(error.value).splitlines()[1:]
    assert all(any(line.strip().startswith(key) for line in lines) for key in wrong)
