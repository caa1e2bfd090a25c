"""FCENet is tuned by its authors' recipe in the configs."""

import pytest

from tests.models.detectors.recipes import (
    BACKBONES,
    check_tcms_recipe,
    decoder_of,
    targets_of,
    training_of,
)

IC15, CURVED = [[0, 0.4], [0.3, 0.7], [0.6, 1]], [[0, 0.25], [0.2, 0.65], [0.55, 1]]
# By config: ranges of the levels, decoder, size of test images, batch, optimiser, rate.
RECIPES = {
    "fcenet_{}_1500e_icdar2015": (IC15, (1.2, 1.0, "quad"), [2260, 2260], 8, "SGD", 1e-3),
    "fcenet_{}_1500e_ctw1500": (CURVED, (1.0, 2.0, "poly"), [1080, 736], 8, "SGD", 1e-3),
    "fcenet_{}_1500e_totaltext": (CURVED, (1.0, 2.0, "poly"), [1280, 960], 16, "SGD", 1e-3),
}


@pytest.mark.parametrize("backbone", BACKBONES)
@pytest.mark.parametrize("recipe", RECIPES)
def test_it_is_tuned_by_its_own_recipe(recipe, backbone):
    name = recipe.format(backbone)
    ranges, decoder, *training = RECIPES[recipe]
    assert [list(pair) for pair in targets_of(name).level_ranges] == ranges
    found = decoder_of(name)
    assert (found.alpha, found.beta, found.output) == decoder
    assert training_of(name) == tuple(training)


@pytest.mark.parametrize("backbone", BACKBONES[:2])
@pytest.mark.parametrize("recipe", ["fcenet_{}_1800e_icdar2015"])
def test_tcms_own_recipe(recipe, backbone):
    check_tcms_recipe(recipe.format(backbone))
