"""Names to classes; every mistake is named with its place."""

import copy

import pytest

from tcm.errors import ConfigError
from tcm.registry import (
    DATASETS,
    METRICS,
    MODELS,
    OPTIMIZERS,
    SCHEDULES,
    TRANSFORMS,
    Registry,
    argument_mistakes,
    check,
)


@pytest.fixture
def registry():
    registry = Registry("animal")

    @registry.register()
    class Horse:
        def __init__(self, legs, tail=True):
            self.legs, self.tail = legs, tail

    registry.register("Pony")(Horse)
    registry.register("Any")(lambda **extra: extra)
    return registry


def test_build_passes_the_arguments_and_those_of_the_user(registry):
    horse = registry.build({"type": "Horse", "tail": False}, legs=4)
    assert (horse.legs, horse.tail) == (4, False)


def test_registering_gives_the_class_back_under_its_own_name():
    class Cow:
        pass

    registry = Registry("animal")
    assert registry.register()(Cow) is Cow
    assert "Cow" in registry
    assert registry.get("Cow") is Cow


def test_another_name(registry):
    assert registry.get("Pony") is registry.get("Horse")
    assert registry.names() == ["Any", "Horse", "Pony"]


def test_build_leaves_the_config_alone(registry):
    config = {"type": "Horse", "legs": [1, {"type": "inner"}]}
    before = copy.deepcopy(config)
    registry.build(config, "zoo.horse")
    assert config == before


def test_a_nested_mapping_stays_a_mapping(registry):
    assert registry.build({"type": "Horse", "legs": {"type": "Pony"}}).legs == {"type": "Pony"}


def test_a_name_can_be_registered_once(registry):
    with pytest.raises(ConfigError, match="animal 'Horse' is registered twice: .*Horse and .*dict"):
        registry.register("Horse")(dict)
    assert registry.get("Horse") is not dict


def test_an_unknown_type_names_place_and_nearest(registry):
    text = "^zoo.horse: unknown animal 'Hose'; did you mean 'Horse'\\?$"
    with pytest.raises(ConfigError, match=text):
        registry.build({"type": "Hose"}, "zoo.horse")
    with pytest.raises(ConfigError, match=text):
        registry.get("Hose", "zoo.horse")


def test_unknown_and_missing_arguments_come_together(registry):
    with pytest.raises(ConfigError) as error:
        registry.build({"type": "Horse", "tial": False}, "zoo")
    assert str(error.value).splitlines() == [
        "zoo.tial: Horse takes no argument 'tial'; did you mean 'tail'?",
        "zoo: Horse needs the argument 'legs'",
    ]


@pytest.mark.parametrize("config", ["Horse", 5, None, ["Horse"], {"legs": 4}])
def test_what_is_no_mapping_with_a_type_is_refused(registry, config):
    with pytest.raises(ConfigError, match="zoo: a mapping with 'type' is wanted, got"):
        registry.build(config, "zoo")


def test_any_argument_goes_where_the_class_takes_any(registry):
    assert registry.build({"type": "Any", "a": 1}, b=2) == {"a": 1, "b": 2}


def test_missing_arguments_are_no_mistake_as_long_as_the_user_is_unknown(registry):
    assert registry.mistakes({"type": "Horse"}) == []
    assert registry.mistakes({"type": "Horse"}, given={"legs": 4}) == []
    assert registry.mistakes({"type": "Horse"}, given={}) == ["Horse needs the argument 'legs'"]


def test_arguments_of_a_function():
    def build(a, b=1): ...

    assert argument_mistakes(build, ["a", "b"], "at", "build") == []
    (line,) = argument_mistakes(build, ["c"], "at", "build")
    assert line.startswith("at.c: build takes no argument 'c'")


def test_check_finds_the_mistakes_of_a_whole_tree(registry):
    tree = {
        "stable": [{"type": "Horse", "legs": {"type": "Poni"}}, {"type": "Cow"}],
        "right": {"type": "Pony", "legs": 4},
        "plain": {"tail": 5},
    }
    lines = check(tree, "zoo", registry)
    assert [line.split(":")[0] for line in lines] == ["zoo.stable[0].legs", "zoo.stable[1]"]


@pytest.mark.parametrize(
    ("key", "kind"),
    [
        ("dataset", DATASETS),
        ("pipeline", TRANSFORMS),
        ("metrics", METRICS),
        ("optimizer", OPTIMIZERS),
        ("schedule", SCHEDULES),
        ("neck", MODELS),
    ],
)
def test_the_key_tells_the_registry(key, kind):
    (line,) = check({key: {"type": "Nothing"}})
    assert line.startswith(f"{key}: unknown {kind.kind} 'Nothing'")
    (line,) = check({key: [{"type": "Nothing"}]})
    assert line.startswith(f"{key}[0]: unknown {kind.kind} 'Nothing'")
