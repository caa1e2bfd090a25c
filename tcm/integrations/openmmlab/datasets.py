"""A nested fraction of a dataset of theirs: the images that ``--data-fraction`` would take."""

import os
from typing import Any

from mmengine.dataset import BaseDataset

from tcm.data.loading.subset import choose
from tcm.errors import ConfigError
from tcm.integrations.openmmlab.registries import DATASETS


@DATASETS.register_module()
class DataFraction:
    """A share of the images of a dataset, chosen by their names and a seed.

    With one seed, 10 % lies within 25 %; the same file, fraction and seed give the images that
    ``tcm train --data-fraction --data-seed`` trains on.

    Args:
        dataset: A dataset of theirs, or the config of one.
        fraction: Share of the images, in (0, 1].
        seed: Of the permutation.

    Raises:
        ConfigError: `fraction` is not in (0, 1], or the dataset's images have no paths.
        DataError: An image occurs twice.
    """

    def __init__(self, dataset: Any, fraction: float, seed: int = 0) -> None:
        self.dataset: BaseDataset = (
            DATASETS.build(dataset) if isinstance(dataset, dict) else dataset
        )
        self.dataset.full_init()
        names = [self._name(index) for index in range(len(self.dataset))]
        self.chosen = choose(names, fraction, seed)
        wanted = set(self.chosen.ids)
        self.dataset.get_subset_([i for i, name in enumerate(names) if name in wanted])

    @property
    def metainfo(self) -> dict[str, Any]:
        """Return what the dataset says of itself."""
        return self.dataset.metainfo

    def full_init(self) -> None:
        """Read the annotations, which the constructor has done."""

    def get_data_info(self, index: int) -> dict[str, Any]:
        """Return the annotation of an image."""
        return self.dataset.get_data_info(index)

    def __getitem__(self, index: int) -> Any:
        return self.dataset[index]

    def __len__(self) -> int:
        return len(self.dataset)

    def _name(self, index: int) -> str:
        """Return the path of an image as the annotation file has it.

        The dataset has put `data_prefix` before it.
        """
        path = self.dataset.get_data_info(index).get("img_path")
        if not isinstance(path, str):
            raise ConfigError("DataFraction: the images of the dataset have no 'img_path'")
        prefix = self.dataset.data_prefix.get("img_path") or self.dataset.data_prefix.get("img")
        prefix = os.path.join(prefix, "") if prefix else ""  # noqa: PTH118  # as mmengine joins them
        return path.removeprefix(prefix)
