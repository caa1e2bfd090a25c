"""PANet is tuned by its authors' recipe in the configs."""

import pytest

from tests.models.detectors.recipes import (
    BACKBONES,
    check_tcms_recipe,
    decoder_of,
    targets_of,
    training_of,
)

# By config: ratio of the kernels, decoder, size of test images, batch, optimiser, rate.
RECIPES = {
    "panet_{}_600e_icdar2015": (0.5, (16, 0.85, "quad"), 736, 16, "Adam", 1e-3),
    "panet_{}_600e_ctw1500": (0.7, (16, 0.88, "poly"), 640, 16, "Adam", 1e-3),
    "panet_{}_600e_totaltext": (0.7, (16, 0.87, "poly"), 640, 16, "Adam", 1e-3),
    "panet_{}_600e_msra_td500": (0.7, (16, 0.86, "quad"), 736, 16, "Adam", 1e-3),
}


@pytest.mark.parametrize("backbone", BACKBONES)
@pytest.mark.parametrize("recipe", RECIPES)
def test_it_is_tuned_by_its_own_recipe(recipe, backbone):
    name = recipe.format(backbone)
    ratio, decoder, *training = RECIPES[recipe]
    assert targets_of(name).kernel_ratio == ratio
    found = decoder_of(name)
    assert (found.outliner.min_area, found.outliner.min_score, found.outliner.output) == decoder
    assert training_of(name) == tuple(training)


@pytest.mark.parametrize("backbone", BACKBONES[:2])
@pytest.mark.parametrize("recipe", ["panet_{}_1200e_icdar2015", "panet_{}_1200e_ctw1500"])
def test_tcms_own_recipe(recipe, backbone):
    check_tcms_recipe(recipe.format(backbone))
