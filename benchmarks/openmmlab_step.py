"""CPU time of a training step of DBNet on ResNet-50: MMOCR's there, ours here, on the same images.

Two processes, one in MMOCR's environment, take their steps in turn; each tells the CPU seconds of
its own process::

    python -m benchmarks.openmmlab_step data/icdar2015/train.json --peer .venv-mmocr/bin/python
"""

import argparse
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch

Steps = tuple[Callable[[], Any], Callable[[Any], None]]  # the targets, and the rest of the step
_THEIRS = "textdet/dbnet/dbnet_resnet50_1200e_icdar2015.py"


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure in turn and print a table, or be one of the two processes."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("ann", type=Path, help="annotation file in MMOCR's unified JSON")
    parser.add_argument("--peer", default=".venv-mmocr/bin/python", help="Python with MMOCR")
    parser.add_argument("--size", type=int, default=320, help="side of the images in pixels")
    parser.add_argument("--batch", type=int, default=2)
    parser.add_argument(
        "--steps", type=int, default=5, help="of each, after one that is not counted"
    )
    parser.add_argument("--worker", choices=["ours", "theirs"], help=argparse.SUPPRESS)
    args = parser.parse_args(arguments)
    torch.set_num_threads(1)
    cv2.setNumThreads(0)
    if args.worker:
        _serve(args)
    else:
        _compare(args)


def _compare(args: argparse.Namespace) -> None:
    programs = {"theirs": args.peer, "ours": sys.executable}
    workers = {name: _start(name, program, args) for name, program in programs.items()}
    seconds: dict[str, list[list[float]]] = {name: [] for name in workers}
    for step in range(args.steps + 1):
        for name, worker in workers.items():
            worker.stdin.write("step\n")
            worker.stdin.flush()
            told = json.loads(worker.stdout.readline())
            if step:
                seconds[name].append(told)
    for worker in workers.values():
        worker.stdin.close()
        worker.wait()
    medians = {
        n: [statistics.median(part) for part in zip(*s, strict=True)] for n, s in seconds.items()
    }
    print("| CPU seconds a step | targets | network | together |")
    print("|---|---|---|---|")
    for name, (targets, network) in medians.items():
        print(f"| {name} | {targets:.3f} | {network:.2f} | {targets + network:.2f} |")
    theirs, ours = (sum(medians[name]) for name in ("theirs", "ours"))
    print(f"theirs / ours: {theirs / ours:.2f}")


def _start(name: str, program: str, args: argparse.Namespace) -> Any:
    options = [f"--{key}={getattr(args, key)}" for key in ("size", "batch")]
    command = [
        program,
        "-m",
        "benchmarks.openmmlab_step",
        str(args.ann),
        "--worker",
        name,
        *options,
    ]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def _serve(args: argparse.Namespace) -> None:
    images, polygons, ignored = _batch(args)
    make = _ours if args.worker == "ours" else _theirs
    out, sys.stdout = sys.stdout, sys.stderr  # libraries print
    targets, step = make(images, polygons, ignored)
    for _ in sys.stdin:
        start = time.process_time()
        made = targets()
        between = time.process_time()
        step(made)
        spent = [between - start, time.process_time() - between]
        out.write(json.dumps(spent) + "\n")
        out.flush()


def _batch(args: argparse.Namespace) -> tuple[np.ndarray, list[list[np.ndarray]], list[np.ndarray]]:
    """Return the file's first images with text, squeezed, and their texts.

    Returns:
        RGB uint8 (B, size, size, 3), polygons float32 (P, 2) and whether each is ignored.
    """
    images, polygons, ignored = [], [], []
    for entry in json.loads(args.ann.read_text())["data_list"]:
        marks = np.array([instance["ignore"] for instance in entry["instances"]], bool)
        if len(images) < args.batch and (~marks).any():
            image = cv2.imread(str(args.ann.parent / entry["img_path"]))[:, :, ::-1]
            scale = np.array([args.size / image.shape[1], args.size / image.shape[0]], np.float32)
            images.append(cv2.resize(image, (args.size, args.size)))
            flat = [np.array(i["polygon"], np.float32) for i in entry["instances"]]
            polygons.append([p.reshape(-1, 2) * scale for p in flat])
            ignored.append(marks)
    return np.stack(images), polygons, ignored


def _ours(images: np.ndarray, polygons: list[list[np.ndarray]], ignored: list[np.ndarray]) -> Steps:
    from tcm.config import load_config
    from tcm.registry import MODELS, TRANSFORMS
    from tcm.structures import Sample, TextInstances

    config = load_config("textdet/dbnet/dbnet_resnet50_1200e_icdar2015")["model"]
    config["backbone"]["pretrained"] = None
    model = MODELS.build(config, "model").train().to(memory_format=torch.channels_last)
    optimizer = torch.optim.SGD(model.parameters(), 1e-3, momentum=0.9)
    draw = TRANSFORMS.build({"type": "DBTargets"})
    inputs = torch.from_numpy(images).permute(0, 3, 1, 2)
    rng = np.random.default_rng(0)
    texts = [TextInstances(p, ignored=i) for p, i in zip(polygons, ignored, strict=True)]

    def targets() -> dict[str, torch.Tensor]:
        pairs = zip(images, texts, strict=True)
        maps = [draw(Sample(image, "", text), rng).maps for image, text in pairs]
        return {name: torch.from_numpy(np.stack([m[name] for m in maps])) for name in maps[0]}

    def step(made: dict[str, torch.Tensor]) -> None:
        optimizer.zero_grad()
        sum(model.loss(inputs, made).values()).backward()
        optimizer.step()

    return targets, step


def _theirs(
    images: np.ndarray, polygons: list[list[np.ndarray]], ignored: list[np.ndarray]
) -> Steps:
    import mmocr
    from mmengine.config import Config
    from mmengine.registry import MODELS
    from mmengine.structures import InstanceData
    from mmocr.structures import TextDetDataSample
    from mmocr.utils import register_all_modules

    register_all_modules()
    config = Config.fromfile(Path(mmocr.__file__).parent / ".mim/configs" / _THEIRS).model
    config.backbone.init_cfg, config.backbone.norm_eval = None, False
    model = MODELS.build(config).train()
    optimizer = torch.optim.SGD(model.parameters(), 1e-3, momentum=0.9)
    bgr = [torch.from_numpy(image[:, :, ::-1].copy()).permute(2, 0, 1) for image in images]
    loss, size = model.det_head.module_loss, images.shape[1:3]

    def samples() -> list[TextDetDataSample]:
        made = []
        for texts, marks in zip(polygons, ignored, strict=True):
            sample = TextDetDataSample()
            flat = [text.ravel().copy() for text in texts]
            sample.gt_instances = InstanceData(polygons=flat, ignored=torch.from_numpy(marks))
            sample.set_metainfo({"img_shape": size, "batch_input_shape": size})
            made.append(sample)
        return made

    get_targets = loss.get_targets

    def targets() -> Any:
        return get_targets(samples())

    def step(made: Any) -> None:
        loss.get_targets = lambda _: made
        optimizer.zero_grad()
        data = model.data_preprocessor({"inputs": bgr, "data_samples": samples()}, True)
        losses, _ = model.parse_losses(model.loss(data["inputs"], data["data_samples"]))
        losses.backward()
        optimizer.step()

    return targets, step


if __name__ == "__main__":
    main()
