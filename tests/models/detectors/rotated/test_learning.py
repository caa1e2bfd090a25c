"""Each head learns a handful of synthetic images by heart, on a tiny CLIP; 2 minutes each."""

import pytest
import torch

from tcm.config import load_config
from tcm.data.loading.collate import collate
from tcm.data.loading.pipeline import Pipeline
from tcm.evaluation.icdar2015 import ICDAR2015
from tcm.registry import DATASETS, MODELS
from tcm.shipped import find_config

CONFIG = "rotated-fcos_fasttcm-tiny_900it_synthetic"
HEADS = {
    "fcos": {},
    "atss": {"type": "RotatedATSSHead"},
    "retinanet": {"type": "RotatedRetinaHead"},
}
SCENES = {
    "type": "SyntheticText",
    "length": 16,
    "size": [192, 192],
    "words_per_image": [2, 4],
    "text_height": [14, 32],
    "styles": ["straight", "rotated"],
}
STEPS = 240


def trained(model, batches):
    optimizer = torch.optim.AdamW(model.parameters(), 1e-3)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 2e-3, total_steps=STEPS)
    for step in range(STEPS):
        batch = batches[step % len(batches)]
        loss = sum(model.train().loss(batch.images, batch.targets).values())
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 5.0)
        optimizer.step()
        schedule.step()
    return model.eval()


@pytest.mark.slow
@pytest.mark.parametrize("name", HEADS)
def test_it_learns_sixteen_images_by_heart(name):
    torch.manual_seed(0)
    config = load_config(find_config(CONFIG))["model"]
    head = {**config["head"], **HEADS[name]}
    neck = {**config["neck"], "extra": "output" if name == "fcos" else "input"}
    model = MODELS.build({**config, "head": head, "neck": neck}, "model")
    pipeline = Pipeline(DATASETS.build(SCENES), [{"type": "RotatedBoxTargets"}])
    samples = [pipeline[index] for index in range(len(pipeline))]
    batches = [collate(samples[first : first + 8]) for first in (0, 8)]
    model, pairs = trained(model, batches), []
    for batch in batches:
        sizes = [sample.size for sample in batch.samples]
        found = model.predict(batch.images, [sample.matrix for sample in batch.samples], sizes)
        sure = [texts.select(texts.scores > 0.3) for texts in found]
        pairs += zip(sure, (sample.instances for sample in batch.samples), strict=True)
    assert ICDAR2015().evaluate(*zip(*pairs, strict=True)).hmean >= 0.9
