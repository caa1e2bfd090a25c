"""Runs DBNet of another library, in that library's own environment, when it is told to.

`benchmark peers` starts this file with the other interpreter, so it imports nothing of ours and
runs on Python 3.8. It reads a line of JSON with what to build, and answers with a line; then each
line ``forward`` or ``train`` runs once, and the answer is what it took, in milliseconds.
"""

import json
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch


class DocTR:
    """docTR's `db_resnet50` with random weights; it has forward passes alone."""

    def __init__(self, request, images):
        import doctr
        from doctr.models import db_resnet50

        self.name = "doctr " + doctr.__version__
        self.images = images
        network = db_resnet50(pretrained=False, pretrained_backbone=False)
        network.exportable = True  # it returns the logits, before boxes are looked for
        self.network = network.to(images.device).eval()

    @torch.no_grad()
    def forward(self):
        """Run the network."""
        self.network(self.images)


class MMOCR:
    """MMOCR's DBNet on ResNet-50 with random weights, and the optimiser of its config."""

    CONFIG = ".mim/configs/textdet/dbnet/dbnet_resnet50_1200e_icdar2015.py"

    def __init__(self, request, images):
        import mmocr
        from mmengine.config import Config
        from mmocr.registry import MODELS
        from mmocr.utils import register_all_modules

        register_all_modules()
        config = Config.fromfile(str(Path(mmocr.__file__).parent / self.CONFIG))
        config.model.backbone.init_cfg = None  # which would download weights
        self.name = "mmocr " + mmocr.__version__
        self.images = images
        self.texts = request["texts"]
        self.network = MODELS.build(config.model).to(images.device)
        settings = dict(config.optim_wrapper.optimizer)
        kind = getattr(torch.optim, settings.pop("type"))
        self.optimizer = kind(self.network.parameters(), **settings)

    @torch.no_grad()
    def forward(self):
        """Run the network as in a test, before boxes are looked for."""
        self.network.eval()
        self.network.det_head(self.network.extract_feat(self.images), None, mode="predict")

    def train(self):
        """Train one step; MMOCR makes the targets in its loss."""
        self.network.train()
        losses = self.network.loss(self.images, [self._sample(texts) for texts in self.texts])
        sum(losses.values()).backward()
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)

    def _sample(self, texts):
        from mmengine.structures import InstanceData
        from mmocr.structures import TextDetDataSample

        sample = TextDetDataSample()
        shape = tuple(self.images.shape[2:])
        sample.set_metainfo({"img_shape": shape, "batch_input_shape": shape, "pad_shape": shape})
        instances = InstanceData()
        instances.polygons = [np.array(text, np.float32).ravel() for text in texts]
        instances.ignored = torch.zeros(len(texts), dtype=torch.bool)
        instances.labels = torch.zeros(len(texts), dtype=torch.long)
        sample.gt_instances = instances
        return sample


def main():
    """Build what the first line asks for, then run as often as a line asks."""
    answers, sys.stdout = sys.stdout, sys.stderr  # what the library prints goes elsewhere
    request = json.loads(sys.stdin.readline())
    torch.set_num_threads(request["threads"])
    torch.manual_seed(0)
    images = torch.rand(request["batch"], 3, *request["size"]).to(request["device"])
    kinds: dict[str, Any] = {"doctr": DocTR, "mmocr": MMOCR}
    peer = kinds[request["library"]](request, images)
    _answer(
        answers, {"name": peer.name, "torch": torch.__version__, "trains": hasattr(peer, "train")}
    )
    for line in sys.stdin:
        run = getattr(peer, line.strip())
        start = _now(images.device)
        run()
        _answer(answers, {"ms": (_now(images.device) - start) * 1e3})


def _now(device):
    if device.type == "cuda":
        torch.cuda.synchronize(device)
        return time.perf_counter()
    return time.process_time() if torch.get_num_threads() == 1 else time.perf_counter()


def _answer(answers, content):
    answers.write(json.dumps(content) + "\n")
    answers.flush()


if __name__ == "__main__":
    main()
