"""What models and heads promise: one that lacks a part is not built, deploy() reaches all parts."""

import numpy as np
import pytest
import torch
from torch import nn

from tcm.contracts import Head, Model, finite_images
from tcm.errors import ConfigError
from tcm.registry import MODELS
from tests.models.tiny import METHODS, detector


class _Trained(Head):
    """A head that learns and decodes, and has no ideal predictions."""

    def forward(self, feature):
        return {"maps": feature}

    def loss(self, predictions, targets):
        return {"loss_maps": (predictions["maps"] - targets["maps"]).abs().mean()}

    def texts_of(self, outputs, matrices, sizes):
        return []


@pytest.mark.parametrize("method", METHODS)
def test_every_methods_model_and_head_keep_the_contracts(method):
    model = MODELS.build(detector("ResNet", method), "model")
    assert isinstance(model, Model)
    assert isinstance(model.head, Head)


@pytest.mark.parametrize("name", ["forward", "loss", "texts_of"])
def test_a_head_that_lacks_a_part_cant_be_built(name):
    body = {key: value for key, value in vars(_Trained).items() if key != name}
    with pytest.raises(TypeError, match=name):
        type("Partial", (Head,), {k: v for k, v in body.items() if not k.startswith("__")})()


def test_a_head_without_ideal_predictions_says_so():
    with pytest.raises(ConfigError, match="_Trained has no ideal predictions"):
        _Trained().predictions_of({})


def test_deploying_a_model_deploys_its_parts():
    class Folding(nn.Module):
        folded = False

        def deploy(self):
            self.folded = True

    class Whole(Model):
        def __init__(self):
            super().__init__()
            self.backbone, self.neck, self.head = Folding(), nn.Conv2d(1, 1, 1), _Trained()
            self.head.part = Folding()

        def loss(self, images, targets):
            return self.head.loss(self.head(images), targets)

        def outputs(self, images):
            return self.head.outputs(self.head(images))

        def texts_of(self, outputs, matrices, sizes):
            return self.head.texts_of(outputs, matrices, sizes)

    model = Whole()
    model.deploy()
    assert model.backbone.folded and model.head.part.folded
    assert model.predict(torch.ones(1), [np.eye(3)], [(1, 1)]) == []


@pytest.mark.parametrize("value", [torch.nan, torch.inf, -torch.inf])
def test_images_are_told_apart_by_whether_they_are_finite(value):
    maps = [torch.full((3, 4), 3e38), torch.zeros(3, 2, 2, 2)]
    assert finite_images(maps).tolist() == [True, True, True]
    maps[1][1, 0, 1, 0] = value
    assert finite_images(maps).tolist() == [True, False, True]
