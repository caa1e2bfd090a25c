import pytest
from huggingface_hub import ModelCard

from tcm.errors import ConfigError
from tcm.hub.card import Facts, card_of, read_facts

METRIC = {"dataset": "ICDAR2015 test", "metric": "hmean", "value": 0.5, "command": "tcm test X Y"}
FACTS = Facts(
    title="A small detector",
    summary="It finds words.",
    license="apache-2.0",
    data=[{"name": "ICDAR2015 training images", "license": "CC BY 4.0"}],
    metrics=[METRIC, {**METRIC, "metric": "recall", "value": 0.25}],
    limits=["It knows no vertical words."],
    language=["en"],
)
CONFIG = {"model": {"type": "Detector"}, "optimizer": {"lr": "1e-3"}}


def test_the_hub_reads_the_front_matter():
    data = ModelCard(card_of("detector", FACTS, CONFIG, None)).data
    assert (data.license, data.language, data.library_name) == ("apache-2.0", ["en"], "tcm")
    assert data.pipeline_tag == "object-detection" and "scene-text-detector" in data.tags
    found = {(r.dataset_name, r.metric_type, r.metric_value) for r in data.eval_results}
    assert found == {("ICDAR2015 test", "hmean", 0.5), ("ICDAR2015 test", "recall", 0.25)}


def test_figures_stand_beside_their_commands_and_data_beside_their_licences():
    card = card_of("detector", FACTS, CONFIG, None)
    assert "| ICDAR2015 test | recall | 0.25 | `tcm test X Y` |" in card
    assert "| ICDAR2015 training images | CC BY 4.0 | training |" in card
    assert "- It knows no vertical words." in card
    assert "lr: '1e-3'" in card  # as a config is written


def test_a_recognizers_card_has_its_characters_and_a_bare_one_no_empty_sections():
    card = card_of("recognizer", Facts(title="words"), CONFIG, "ab#")
    assert "## Characters\n\n```text\nab#\n```" in card and "--recognizer FOLDER" in card
    assert not {"## Figures", "## Limits", "model-index"} & set(card.splitlines())


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("summary: x", "title"),
        ("title: a\nsumary: x", "sumary.*did you mean 'summary'"),
        (
            "title: a\nmetrics: [{dataset: d, metric: m, value: high, command: c}]",
            r"metrics\.0\.value",
        ),
        ("title: a\ndata: [{name: d}]", r"data\.0.*license"),
    ],
)
def test_what_is_wrong_with_facts_is_named(tmp_path, text, message):
    path = tmp_path / "card.yaml"
    path.write_text(text)
    with pytest.raises(ConfigError, match=message) as caught:
        read_facts(path)
    assert str(path) in str(caught.value)


def test_facts_are_read_from_a_file(tmp_path):
    path = tmp_path / "card.yaml"
    path.write_text("title: a\nlimits: [none]\ndata: [{name: d, license: l}]")
    assert read_facts(path) == Facts("a", limits=["none"], data=[{"name": "d", "license": "l"}])
