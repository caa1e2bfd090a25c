"""The count of training images that could not be read and that others took the place of."""

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lightning.pytorch.callbacks import Callback
from lightning.pytorch.utilities import rank_zero_only

from tcm.engine.processes import of_all
from tcm.errors import DataError
from tcm.files import write_json
from tcm.structures import Batch

log = logging.getLogger("tcm")

_NAMED = 20  # images in a line of the log; the file has all
Found = dict[str, dict[str, Any]]  # path to "reason" and "draws", how often it was drawn


class BrokenImages(Callback):
    """Count and name the images that batches carry as replaced, and end the run at too many.

    Each is logged when it is met first, all of them at the end, where they are written to a file
    with the reason and the number of draws. A resumed run goes on counting. Every process counts
    its own; the figures of all come together at each checkpoint and at the end.

    Args:
        limit: Different images that may be broken.
        file: ``broken.json``; written if there are any.
    """

    def __init__(self, limit: int, file: Path) -> None:
        self.limit = limit
        self.file = file
        self.draws = 0
        self.found: Found = {}
        self._before: dict[str, Any] = {"draws": 0, "found": {}}  # of the run that is resumed

    def on_train_batch_start(self, trainer: Any, pl_module: Any, batch: Batch, *args: Any) -> None:
        """Count what this batch lacks, ahead of the checkpoint at its end.

        Raises:
            DataError: There are too many; the text names them.
        """
        for sample in batch.samples:
            self.draws += bool(sample.replaced)
            for path, reason in sample.replaced:
                if path not in self.found:
                    self.found[path] = {"reason": reason, "draws": 0}
                    if path not in self._before["found"]:
                        log.warning("skipped a broken image: %s", reason)
                self.found[path]["draws"] += 1
        self._refuse_too_many(_joined(self._before["found"], self.found))

    def on_train_end(self, trainer: Any, pl_module: Any) -> None:
        """Write the file and log what it says."""
        self._write(self.state_dict())

    def on_exception(self, trainer: Any, pl_module: Any, exception: BaseException) -> None:
        """Write what this process knows."""
        own = {"draws": self._before["draws"] + self.draws}
        self._write(own | {"found": _joined(self._before["found"], self.found)})

    def state_dict(self) -> dict[str, Any]:
        """Return what was found until now by all processes, which call this together.

        Raises:
            DataError: They have found too many.
        """
        found, draws = self._before["found"], self._before["draws"]
        for part in of_all({"draws": self.draws, "found": self.found}):
            found, draws = _joined(found, part["found"]), draws + part["draws"]
        self._refuse_too_many(found)
        return {"draws": draws, "found": found}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take what the run that is resumed had found."""
        self._before = state_dict

    @rank_zero_only
    def _write(self, state: Mapping[str, Any]) -> None:
        found = state["found"]
        if not found:
            return
        content = {"draws": state["draws"], "images": found}
        write_json(self.file, content)
        log.warning("%s", self._summary(found, state["draws"]))

    def _summary(self, found: Found, draws: int) -> str:
        images = "1 image" if len(found) == 1 else f"{len(found)} images"
        others = f"{draws} draws were replaced by others; all: {self.file}"
        return f"{images} could not be read, {others}: {_names(found)}"

    def _refuse_too_many(self, found: Found) -> None:
        if len(found) > self.limit:
            raise DataError(
                f"{len(found)} images could not be read, data.train.max_broken allows "
                f"{self.limit}: {_names(found)}"
            )


def _joined(one: Found, other: Found) -> Found:
    """Return what was found in either, the draws added."""
    found = {path: dict(entry) for path, entry in one.items()}
    for path, entry in other.items():
        known = found.setdefault(path, {"reason": entry["reason"], "draws": 0})
        known["draws"] += entry["draws"]
    return found


def _names(found: Found) -> str:
    return ", ".join(list(found)[:_NAMED]) + (", ..." if len(found) > _NAMED else "")
