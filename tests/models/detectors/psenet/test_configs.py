"""PSENet is tuned by its authors' recipe in the configs."""

import pytest

from tests.models.detectors.recipes import (
    BACKBONES,
    decoder_of,
    targets_of,
    training_of,
)

# By config: ratio of the smallest kernel, decoder, size of test images, batch, optimiser, rate.
RECIPES = {
    "psenet_{}_600e_icdar2015": (0.4, (16, 0.85, "quad"), [2240, 2240], 16, "SGD", 1e-3),
    "psenet_{}_600e_ctw1500": (0.7, (16, 0.85, "poly"), [1280, 1280], 16, "SGD", 1e-3),
    "psenet_{}_600e_totaltext": (0.7, (16, 0.87, "poly"), [1280, 1280], 16, "SGD", 1e-3),
}


@pytest.mark.parametrize("backbone", BACKBONES)
@pytest.mark.parametrize("recipe", RECIPES)
def test_it_is_tuned_by_its_own_recipe(recipe, backbone):
    name = recipe.format(backbone)
    ratio, decoder, *training = RECIPES[recipe]
    assert pytest.approx(targets_of(name).draw_kernels.ratios[-1]) == ratio
    found = decoder_of(name)
    assert (found.outliner.min_area, found.outliner.min_score, found.outliner.output) == decoder
    assert training_of(name) == tuple(training)
