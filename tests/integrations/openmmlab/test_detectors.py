import numpy as np
import pytest
import torch

from tcm.errors import ConfigError
from tcm.registry import MODELS as OURS
from tcm.registry import TRANSFORMS
from tcm.structures import Sample, TextInstances
from tests.integrations.openmmlab.helpers import (
    CHANNELS,
    SHRUNK,
    SQUARE,
    TINY,
    WHOLE,
    dbnet,
    text_sample,
)
from tests.integrations.openmmlab.numbers import FILE, images, weight

SIZE = (64, 96)
IGNORED = [[70, 10], [90, 10], [90, 40], [70, 40]]


def build(config):
    from mmocr.registry import MODELS

    return MODELS.build(config)


def filled(detector, converter="mmocr-dbnet"):
    """Give each parameter the numbers of our name of it."""
    from tcm.registry import CONVERTERS

    rename = CONVERTERS.get(converter)
    state = detector.state_dict()
    detector.load_state_dict({n: weight(rename(n), value) for n, value in state.items()})
    return detector.eval()


@torch.no_grad()
def test_levels_and_map_are_ours():
    detector = filled(build(dbnet()))
    bgr = [image.flip(0).to(torch.float32) for image in images()]
    batch = {"inputs": bgr, "data_samples": [text_sample([SQUARE]) for _ in bgr]}
    inputs = detector.data_preprocessor(batch)["inputs"]
    levels = detector.backbone(inputs)
    maps = detector.det_head(detector.neck(levels), None, mode="predict")
    with np.load(FILE) as stored:
        for i, level in enumerate(levels):
            np.testing.assert_allclose(level.numpy(), stored[f"level_{i}"], rtol=0, atol=1e-4)
        found = maps.numpy().reshape(stored["probability"].shape)
        np.testing.assert_allclose(found, stored["probability"], rtol=0, atol=1e-4)


def test_the_matching_loss_is_ours():
    detector = filled(build(dbnet(matching_loss={**SHRUNK, "loss": "bce"})))
    inputs = torch.randn(1, 3, *SIZE)
    losses = detector.loss(inputs, [text_sample([SQUARE, IGNORED], [False, True])])
    truths = TextInstances([SQUARE, IGNORED], ignored=[False, True])
    sample = Sample(np.zeros((*SIZE, 3), np.uint8), "", truths)
    maps = TRANSFORMS.build({"type": "ShrinkTargets"})(sample, np.random.default_rng(0)).maps
    assert maps["shrink_map"].any() and not maps["shrink_mask"].all()
    targets = {name: torch.from_numpy(value)[None] for name, value in maps.items()}
    with detector.backbone.noting() as noted:
        detector.backbone(inputs)
    loss = OURS.build({"type": "MatchingLoss", "loss": "bce"})(noted[0].logits, targets)
    torch.testing.assert_close(losses["loss_matching"], loss)
    assert {"loss_prob", "loss_thr", "loss_db"} < set(losses)


def test_its_gradient_reaches_the_text_side():
    detector = build(dbnet(matching_loss=SHRUNK)).train()
    losses = detector.loss(torch.randn(1, 3, *SIZE), [text_sample([SQUARE])])
    losses["loss_matching"].backward()
    assert detector.backbone.text_side.meta_query.grad.abs().sum() > 0


def test_without_the_key_nothing_is_added():
    losses = build(dbnet()).loss(torch.randn(1, 3, *SIZE), [text_sample([SQUARE])])
    assert "loss_matching" not in losses


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"matching_loss": {"map": "shrink_map"}}, "'targets' is missing"),
        ({"matching_loss": {**SHRUNK, "weigth": 2.0}}, "did you mean 'weight'"),
        ({"matching_loss": SHRUNK, "backbone": {"type": "mmdet.ResNet", "depth": 50}}, "text side"),
    ],
)
def test_a_mistake_is_one_line(changes, said):
    with pytest.raises(ConfigError, match=said):
        build(dbnet(**changes))


def test_faster_rcnn_takes_it_for_boxes():
    from mmdet.structures import DetDataSample
    from mmengine.config import Config
    from mmengine.structures import InstanceData

    import tcm.integrations.openmmlab as package

    folder = package.__path__[0]
    config = Config.fromfile(
        f"{folder}/configs/faster_rcnn/faster-rcnn_fasttcm-cr50_fpn_1x_words.py"
    )
    config.model.backbone = TINY
    config.model.neck.in_channels = CHANNELS
    config.model.matching_loss = WHOLE
    sample = DetDataSample()
    boxes = torch.tensor([[10.0, 10.0, 60.0, 50.0]])
    sample.gt_instances = InstanceData(bboxes=boxes, labels=torch.tensor([0]))
    sample.set_metainfo({"img_shape": SIZE, "pad_shape": SIZE, "batch_input_shape": SIZE})
    losses = build(config.model).loss(torch.randn(1, 3, *SIZE), [sample])
    assert torch.isfinite(losses["loss_matching"])
    assert "loss_rpn_cls" in losses and "loss_bbox" in losses
