"""What docs/transforms.md says of transforms is true; its recipes and those of the configs run."""

import inspect
import re
from pathlib import Path

import numpy as np
import pytest
import yaml

from tcm.config import load_config
from tcm.data.loading.pipeline import Pipeline
from tcm.registry import TRANSFORMS, check
from tcm.structures import Sample
from tests.data.builders import sample
from tests.data.transforms.test_every_transform import NAMES

CONFIGS = Path(__file__).resolve().parents[3] / "configs"
PAGE = CONFIGS.parent / "docs" / "transforms.md"
SECTION = PAGE.read_text(encoding="utf-8")
RECIPES = {
    name: yaml.safe_load(text)
    for name, text in re.findall(r"```yaml\n# (.*?)\n(.*?)```", SECTION, re.DOTALL)
}
for _path in sorted((CONFIGS / "_base_" / "recipes").glob("*/*.yaml")):
    # What recipes refer to; those of rotated boxes are of several models.
    _model = min((CONFIGS / "_base_" / "models").glob(f"{_path.parent.name}*.yaml"))
    _data = load_config(_model, over=[_path]).get("data", {})
    _pipeline = _data.get("train", {}).get("pipeline")
    if _pipeline:
        RECIPES[f"{_path.parent.name}-{_path.stem}"] = _pipeline
ROWS = dict(re.findall(r"^\| `(\w+)` \| (.*?) \|", SECTION, re.MULTILINE))


class OneImage:
    """A dataset of one image of 48 x 64 pixels."""

    ids = ("one",)

    def __len__(self) -> int:
        return 1

    def load(self, index: int) -> Sample:
        return sample()


def test_every_transform_has_its_row() -> None:
    assert sorted(ROWS) == NAMES


def _as_yaml_has_it(value: object) -> object:
    return [_as_yaml_has_it(v) for v in value] if isinstance(value, (list, tuple)) else value


@pytest.mark.parametrize("name", NAMES)
def test_a_row_tells_the_arguments_and_their_defaults(name: str) -> None:
    entries = re.findall(r"(\w+)(?:: (\[(?:\[[^]]*\]|[^][])*\]|[^,]+))?", ROWS[name].strip("` "))
    shown = {key: yaml.safe_load(value) if value else inspect._empty for key, value in entries}
    parameters = inspect.signature(TRANSFORMS.get(name)).parameters.values()
    taken = {p.name: p.default for p in parameters if p.kind is p.POSITIONAL_OR_KEYWORD}
    assert shown.keys() == taken.keys()
    for key, default in taken.items():
        assert shown[key] == _as_yaml_has_it(default), key


def test_all_recipes_are_there() -> None:
    methods = {path.name for path in (CONFIGS / "_base_" / "recipes").iterdir()}
    assert {name.partition("-")[0] for name in RECIPES} == {*methods, "TextSnake"}


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_passes_the_check_and_runs(name: str) -> None:
    transforms = [t for t in RECIPES[name] if not t["type"].endswith("Targets")]
    assert check(transforms, "pipeline", TRANSFORMS) == []
    pipeline = Pipeline(OneImage(), transforms)
    for seed in range(3):
        out, again = (pipeline.transform(sample(), np.random.default_rng(seed)) for _ in range(2))
        assert out.image.shape[:2] == out.size
        np.testing.assert_array_equal(out.image, again.image)
        limits = np.add(out.size[::-1], 0.02)
        assert all((p + 0.02 >= 0).all() and (p <= limits).all() for p in out.instances.polygons)
    np.testing.assert_array_equal(pipeline[2].instances.polygons, sample().instances.polygons)
