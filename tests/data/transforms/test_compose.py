import numpy as np
import pytest

from tcm.data.transforms.compose import RandomApply, RandomChoice
from tcm.errors import ConfigError
from tcm.registry import TRANSFORMS, check
from tests.data.builders import sample

FLIP = {"type": "RandomFlip", "prob": 1.0}
WIDE = {"type": "SquareResizePad", "size": 32, "pad_prob": 0.0}


def test_apply_runs_all_of_the_list_or_none_with_its_probability() -> None:
    apply = TRANSFORMS.build({"type": "RandomApply", "prob": 0.3, "transforms": [FLIP, WIDE]})
    rng, start = np.random.default_rng(0), sample()
    outs = [apply(start, rng) for _ in range(400)]
    changed = [out for out in outs if out is not start]
    assert 90 <= len(changed) <= 150
    assert all(out.size == (32, 32) and out.matrix[0, 0] < 0 for out in changed)


@pytest.mark.parametrize(("prob", "changes"), [(0.0, False), (1.0, True)])
def test_apply_at_the_ends_of_its_range(prob: float, changes: bool) -> None:
    apply, rng, start = RandomApply(prob, [FLIP]), np.random.default_rng(0), sample()
    assert all((apply(start, rng) is not start) == changes for _ in range(50))


def test_choice_draws_with_its_probabilities() -> None:
    choice = RandomChoice([FLIP, [FLIP, WIDE], []], [0.2, 0.3, 0.5])
    rng, start = np.random.default_rng(0), sample()
    outs = [choice(start, rng) for _ in range(1000)]
    whole = sum(out is start for out in outs)
    square = sum(out.size == (32, 32) for out in outs)
    assert 450 <= whole <= 550
    assert 250 <= square <= 350


def test_choice_without_probabilities_is_uniform() -> None:
    choice, rng, start = RandomChoice([[], FLIP]), np.random.default_rng(0), sample()
    assert 160 <= sum(choice(start, rng) is start for _ in range(400)) <= 240


def test_draws_come_from_the_generator_alone() -> None:
    choice = RandomChoice([[], FLIP, WIDE])
    draws = [
        [choice(sample(), rng).size for _ in range(20)]
        for rng in (np.random.default_rng(7), np.random.default_rng(7))
    ]
    assert draws[0] == draws[1]


@pytest.mark.parametrize(
    ("build", "text"),
    [
        (lambda: RandomApply(1.2, []), "prob: a number at least 0 and at most 1"),
        (lambda: RandomApply(0.5, [FLIP, {"type": "RandomFlop"}]), r"transforms\[1\].*RandomFlip"),
        (lambda: RandomChoice([]), "choices is empty"),
        (lambda: RandomChoice([FLIP], [0.5, 0.5]), "2 probs for 1 choices"),
        (lambda: RandomChoice([FLIP, []], [0.5, 0.4]), "must add up to 1"),
        (lambda: RandomChoice([FLIP, []], [1.5, -0.5]), "must add up to 1"),
        (lambda: RandomChoice([[], [FLIP, {"type": "Wrap"}]]), r"choices\[1\]\[1\].*'Warp'"),
    ],
)
def test_a_wrong_config_is_named(build: object, text: str) -> None:
    with pytest.raises(ConfigError, match=text):
        build()


def test_the_check_of_a_config_walks_into_both() -> None:
    wrong = {"type": "RandomFlip", "probability": 1.0}
    pipeline = [
        {"type": "RandomApply", "prob": 0.5, "transforms": [FLIP, wrong]},
        {"type": "RandomChoice", "choices": [[FLIP], [wrong], wrong]},
    ]
    assert [line.split(":")[0] for line in check(pipeline, "pipeline", TRANSFORMS)] == [
        "pipeline.0.transforms.1.probability",
        "pipeline.1.choices.1.0.probability",
        "pipeline.1.choices.2.probability",
    ]
