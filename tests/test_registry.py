"""Names to classes; every mistake is named with its place."""

import copy
import subprocess
import sys
from collections.abc import Sequence
from typing import Annotated, Literal

import pytest

from tcm.errors import ConfigError
from tcm.registry import OPTIMIZERS, Arguments, Built, ReadBy, Registry, check, mistakes_of
from tcm.structures import Config
from tcm.values import Positive


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
    config = {"type": "Horse", "legs": [1, {"type": "Pony"}]}
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


def test_a_bug_in_a_constructor_is_shown_as_a_bug(registry):
    @registry.register()
    class Buggy:
        def __init__(self, legs: int):
            self.legs = legs + None

    with pytest.raises(TypeError, match="unsupported operand"):
        registry.build({"type": "Buggy", "legs": 4}, "zoo")


def test_check_finds_the_mistakes_of_a_whole_tree(registry):
    tree = {
        "stable": [{"type": "Horse", "legs": {"type": "Poni"}}, {"type": "Cow"}],
        "right": {"type": "Pony", "legs": 4},
        "plain": {"tail": 5},
    }
    lines = check(tree, "zoo", registry)
    assert [line.split(":")[0] for line in lines] == ["zoo.stable.0.legs", "zoo.stable.1"]


def test_annotations_say_what_is_nested(registry):
    """Which table a type stands in, what is given at build time, whose arguments a mapping has."""

    def saddle(horn: bool, colour: Literal["black", "brown"] = "black"): ...

    @registry.register()
    class Stable:
        def __init__(
            self,
            first: Annotated[Config, Built(registry, given=("legs",))],
            others: Annotated[Sequence[Config], Built(registry, given=("legs",))] = (),
            tack: Annotated[Config | None, Arguments(saddle)] = None,
            optimizer: Annotated[Config | None, Built(OPTIMIZERS)] = None,
        ): ...

    right = {"first": {"type": "Horse"}, "others": [{"type": "Pony"}], "tack": {"horn": True}}
    assert registry.mistakes({"type": "Stable", **right}, "zoo", given=()) == []
    wrong = {
        "first": {"type": "Horse", "legs": 4},
        "others": [{"type": "Pony", "tails": 1}, {"type": "Cow"}],
        "tack": {"colour": "blue"},
        "optimizer": {"type": "SDG"},
    }
    assert registry.mistakes({"type": "Stable", **wrong}, "zoo", given=()) == [
        "zoo.first.legs: is not for the config to set",
        "zoo.others.0.tails: Pony takes no argument 'tails'; did you mean 'tail'?",
        "zoo.others.1: unknown animal 'Cow'; known: Any, Horse, Pony, Stable",
        "zoo.tack.colour: 'black' or 'brown' is wanted, got 'blue'",
        "zoo.tack: saddle needs the argument 'horn'",
        "zoo.optimizer: unknown optimizer 'SDG'; did you mean 'SGD'?",
    ]


def test_a_name_that_is_missing_is_looked_for_in_the_home_package():
    """In a fresh process, where nothing of the package is imported yet."""
    code = "from tcm.registry import *; print('DBTargets' in TRANSFORMS, 'FPNC' in TRANSFORMS)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["True", "False"]


def test_values_are_checked_when_a_registered_class_is_called(registry):
    @registry.register()
    class Gate:
        def __init__(self, width: Positive, swing: Literal["in", "out"] = "in"): ...

    with pytest.raises(ConfigError) as error:
        Gate(0, swing="inn")
    assert str(error.value).splitlines() == [
        "Gate.width: a whole number at least 1 is wanted, got 0",
        "Gate.swing: 'in' or 'out' is wanted, got 'inn'; did you mean 'in'?",
    ]


def test_a_function_may_say_what_a_value_stands_for():
    def read(value, path):
        if value != "ink":
            raise ConfigError(f"{path}: 'ink' is wanted\n{path}: and no paper")

    def draw(pen: Annotated[str, ReadBy(read)], spare: Annotated[str, ReadBy(read)] | None = None):
        pass

    assert mistakes_of(draw, {"pen": "ink", "spare": None}, "art") == []
    found = mistakes_of(draw, {"pen": "ink", "spare": "oil"}, "art")
    assert found == ["art.spare: 'ink' is wanted", "art.spare: and no paper"]
    assert mistakes_of(draw, {"pen": 3}, "art") == ["art.pen: a text is wanted, got 3"]
