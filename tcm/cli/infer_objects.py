"""``tcm infer`` with a config of objects: found in images of any size, window by window."""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.progress import track

from tcm.cli.network import load_network
from tcm.cli.outputs import Outputs, picture_names
from tcm.cli.terminal import say
from tcm.evaluation.dota_task1 import DOTATask1
from tcm.evaluation.files.unified import write_predictions
from tcm.files import append_line, make_folder, write_text
from tcm.inference.objects.policy import ObjectPolicy
from tcm.inference.objects.results import ObjectResult
from tcm.inference.objects.sliding import ObjectChain
from tcm.inference.reading.chain import Failure
from tcm.inference.reading.runner import DetectorRunner
from tcm.inference.visualize import write_image
from tcm.reader.sources import pictures_of
from tcm.reader.text_reader import ObjectFinder
from tcm.reader.torch_runners import Place, runner_of
from tcm.structures import Config, TextInstances

PREDICTIONS, RESULTS = "predictions.json", "results.jsonl"


def infer_objects(args: argparse.Namespace, config: Config, images: Sequence[str]) -> int:
    """Write pictures, ``results.jsonl`` as it comes, ``predictions.json`` and the submission.

    Args:
        args: The options of the command.
        config: With a section ``objects``.
        images: The image files.

    Raises:
        TCMError: An image cannot be read, or the network's output is not finite.
    """
    policy = ObjectPolicy.of_config(config["objects"])
    assert policy is not None, "the section is there"
    policy = policy.changed(args.tile, args.gap)
    metric = DOTATask1(policy.names)
    metric.check_names(images, submission=bool(args.submission))
    outputs = _Outputs(args, images)
    finder = _finder(args, config, policy)
    pictures = pictures_of(images, args.exif, max_pixels=args.max_pixels)
    found: list[TextInstances] = []
    with outputs:
        for item in track(finder.stream(pictures), "finding", len(images), transient=True):
            if isinstance(item, Failure):
                raise item.error
            outputs.write(len(found), item)
            found.append(item.instances)
        outputs.finish(found, policy, metric)
    total = sum(map(len, found))
    say(f"{total:,} objects in {len(images)} images; {outputs.listed()} in {args.out}")
    return 0


def _finder(args: argparse.Namespace, config: Config, policy: ObjectPolicy) -> ObjectFinder:
    model, device, precision = load_network(config["model"], args)
    stage = config["data"].get("test") or config["data"]["val"]
    place = Place(device, precision)
    pipeline = stage.get("pipeline") or []
    runner = runner_of(model, str(args.checkpoint), pipeline, place, policy)
    assert isinstance(runner, DetectorRunner), "what has objects is a detector"
    return ObjectFinder(ObjectChain(runner, policy), args.min_score, args.max_pixels)


class _Outputs:
    """The files of a run; use it as a context.

    Args:
        args: The options of the command.
        images: The image files.
    """

    def __init__(self, args: argparse.Namespace, images: Sequence[str]) -> None:
        self.args, self.images = args, images
        self._outputs = Outputs([*images, args.config, args.checkpoint])
        self._pictures: list[Path] = []
        if not args.no_pictures:
            self._pictures = self._outputs.files("--out", args.out, picture_names(images))
        self._results, self._predictions = args.out / RESULTS, args.out / PREDICTIONS
        for path in (self._results, self._predictions):
            self._outputs.file("--out", path)
        if args.submission:
            self._outputs.file("--submission", args.submission)

    def __enter__(self) -> "_Outputs":
        make_folder(self.args.out)
        write_text(self._results, "")
        return self

    def __exit__(self, *raised: Any) -> None:
        self._outputs.note(self._results)  # whole or not: the command may be repeated

    def write(self, index: int, result: ObjectResult) -> None:
        """Write what was found in an image."""
        append_line(self._results, result.to_json())
        if self._pictures:
            with self._outputs.writing(self._pictures[index]) as path:
                write_image(path, result.draw(self.args.font))

    def finish(
        self, found: Sequence[TextInstances], policy: ObjectPolicy, metric: DOTATask1
    ) -> None:
        """Write the files on all images."""
        with self._outputs.writing(self._predictions) as path:
            write_predictions(path, self.images, found, policy.names)
        if self.args.submission:
            with self._outputs.writing(self.args.submission) as path:
                metric.submission_writer(path, self.images, found)

    def listed(self) -> str:
        """Return what there is, for people."""
        files = f"{RESULTS} and {PREDICTIONS}"
        return f"pictures, {files}" if self._pictures else files
