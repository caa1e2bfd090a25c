"""The config node `data` made into data loaders."""

import copy
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, fields
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Literal

import lightning
import torch
from torch.utils.data import DataLoader

from tcm.data.datasets.dataset import Dataset, sizes_of
from tcm.data.datasets.mix import Mix
from tcm.data.loading import subset
from tcm.data.loading.collate import collate, collation_of
from tcm.data.loading.one_size import OneSizeBatches, PoolSampler, batches_of
from tcm.data.loading.orders import order_of
from tcm.data.loading.pipeline import Broken, Pipeline, worker_init
from tcm.data.loading.sampler import EndlessBatchSampler, EvalBatchSampler, TrainBatchSampler
from tcm.errors import ConfigError
from tcm.registry import DATASETS, TRANSFORMS, Arguments, Built, build
from tcm.structures import Batch, Config, Sample
from tcm.values import Bounds, Positive, Share


@dataclass(frozen=True)
class Stage:
    """The data of training, validation or test.

    Attributes:
        dataset: Config of the dataset.
        pipeline: Configs of its transforms.
        batch_size: Samples of a batch of one device; the most, where images have several sizes and
            training takes batches of one.
        broken: An image that cannot be read ends a training with an ``error``, or another one takes
            its place (``skip``); it is counted and named. Only training can skip.
        max_broken: Share of the training images that may be skipped, one in any case.
    """

    dataset: Annotated[Config, Built(DATASETS)]
    pipeline: Annotated[Sequence[Config], Built(TRANSFORMS)]
    batch_size: Positive
    broken: Broken = "error"
    max_broken: Share = 0.05


StageConfig = Annotated[Config | None, Arguments(Stage)]


class DataModule(lightning.LightningDataModule):
    """Training, validation and test loaders.

    Under Lightning the trainer needs ``use_distributed_sampler=False``: the samplers share the
    images out themselves.

    Attributes:
        subset: The images of the training set that a fraction below 1 leaves, else None; known
            once the training set is.
    """

    def __init__(
        self,
        train: StageConfig = None,
        val: StageConfig = None,
        test: StageConfig = None,
        num_workers: Annotated[int, Bounds(ge=0)] = 0,
        pin_memory: bool | None = None,
        start_method: Literal["fork", "spawn", "forkserver"] | None = None,
        prefetch_factor: Positive | None = None,
        seed: int = 0,
        data_fraction: Share = 1.0,
        data_seed: int = 0,
    ) -> None:
        """Keep the configs; datasets are built when their loader is asked for.

        Args:
            train: Arguments of `Stage`.
            val: The same for validation, in the dataset's order.
            test: The same for the test; None takes `val`.
            num_workers: Worker processes a loader; 0 loads in the main process.
            pin_memory: Copy batches into page-locked memory, for faster transfers to a GPU; None
                does it where there is one.
            start_method: ``fork``, ``spawn`` or ``forkserver`` for the workers; None is the
                system's.
            prefetch_factor: Batches that each worker prepares ahead; None is PyTorch's 2.
            seed: Seed of the order and the augmentation.
            data_fraction: Share of the training images, in (0, 1].
            data_seed: Seed of the choice of that share.
        """
        super().__init__()
        configs = {"train": train, "val": val, "test": val if test is None else test}
        self._stages = {
            name: None if config is None else build(Stage, config, f"data.{name}")
            for name, config in configs.items()
        }
        for name in ("val", "test"):
            stage = self._stages[name]
            if stage is not None and stage.broken != "error":
                raise ConfigError(f"data.{name}.broken: only training can skip images")
        self.num_workers = num_workers
        self.pin_memory = torch.cuda.is_available() if pin_memory is None else pin_memory
        self.start_method = start_method
        self.prefetch_factor = prefetch_factor
        self.seed = seed
        self.data_fraction = data_fraction
        self.data_seed = data_seed
        self.subset: subset.SubsetList | None = None
        self._whole: dict[str, Dataset] = {}
        self._datasets: dict[str, Dataset] = {}

    def train_dataloader(self) -> Iterable[Batch]:
        """Return the loader of augmented batches, without end, from the trainer's step on."""
        pipeline, done = self._pipeline("train"), self._batches_done()
        sizes = pipeline.size_count
        if sizes == 1:
            batches = EndlessBatchSampler(self._epochs(*self._place()), done)
            return self._loader(pipeline, batches, collate)
        pools = self._pools(sizes, *self._place(), done)
        share = partial(batches_of, batch_size=pools.batch_size, sizes=sizes)
        return OneSizeBatches(self._loader(pipeline, pools, share), pools.first_in_pool)

    def batches_per_epoch(self, world_size: int = 1) -> int:
        """Return the training batches that each of `world_size` processes gets of an epoch."""
        sizes = self._pipeline("train").size_count
        if sizes == 1:
            return len(self._epochs(0, world_size))
        return self._pools(sizes, 0, world_size).batches_per_epoch

    def length(self, name: str) -> int:
        """Return the number of images of ``train``, ``val`` or ``test``, a fraction applied."""
        return len(self.dataset(name))

    def with_fraction(self, fraction: float) -> "DataModule":
        """Return the same data with another share of the training images; nothing is read twice."""
        other = copy.copy(self)
        other.data_fraction, other.subset, other._datasets = fraction, None, {}
        return other

    def most_broken(self) -> int | None:
        """Return how many training images may be broken; None if none may."""
        stage = self.stage("train")
        if stage.broken == "error":
            return None
        return max(1, int(stage.max_broken * self.length("train")))

    def dataset(self, name: str) -> Dataset:
        """Return the images of ``train``, ``val`` or ``test`` before the pipeline, built once."""
        if name not in self._datasets:
            if name not in self._whole:
                config = self.stage(name).dataset
                self._whole[name] = DATASETS.build(config, f"data.{name}.dataset")
            dataset = self._whole[name]
            if name != "train" and isinstance(dataset, Mix):
                raise ConfigError(f"data.{name}.dataset: Mix is for training; take Concat here")
            if name == "train" and self.data_fraction != 1:
                dataset, self.subset = subset.part_of(dataset, self.data_fraction, self.data_seed)
            self._datasets[name] = dataset
        return self._datasets[name]

    def val_dataloader(self) -> DataLoader[Batch]:
        """Return the loader of the validation images, those of a size together."""
        return self._eval_loader("val")

    def test_dataloader(self, limit: int | None = None) -> DataLoader[Batch]:
        """Return the loader of the test images, those of a size together.

        Args:
            limit: Images at most, the first ones; None for all.
        """
        return self._eval_loader("test", limit)

    def write_subset(self, folder: str | Path) -> None:
        """Write ``subset.json`` into a folder if a fraction below 1 was chosen."""
        self.dataset("train")
        if self.subset is not None:
            subset.write(Path(folder) / "subset.json", self.subset)

    def _epochs(self, rank: int, world_size: int) -> TrainBatchSampler:
        order = order_of(self.dataset("train"), self.seed)
        return TrainBatchSampler(
            len(order),
            self.stage("train").batch_size,
            rank=rank,
            world_size=world_size,
            order=order,
        )

    def _pools(self, sizes: int, rank: int, world_size: int, first_batch: int = 0) -> PoolSampler:
        order = order_of(self.dataset("train"), self.seed)
        batch_size = self.stage("train").batch_size
        return PoolSampler(order, batch_size, sizes, rank, world_size, first_batch)

    def _batches_done(self) -> int:
        if self.trainer is None:
            return 0
        return self.trainer.global_step * self.trainer.accumulate_grad_batches

    def _eval_loader(self, name: str, limit: int | None = None) -> DataLoader[Batch]:
        stage = self.stage(name)
        dataset = self.dataset(name)
        length = min(len(dataset), limit or len(dataset))
        sizes = sizes_of(dataset)
        sizes = None if sizes is None else sizes[:length]
        batches = EvalBatchSampler(length, stage.batch_size, *self._place(), sizes)
        pipeline = self._pipeline(name)
        return self._loader(pipeline, batches, collation_of(pipeline))

    def _pipeline(self, name: str) -> Pipeline:
        stage = self.stage(name)
        return Pipeline(self.dataset(name), stage.pipeline, self.seed, stage.broken)

    def _loader(
        self,
        pipeline: Pipeline,
        batches: Iterable[list[int]],
        together: Callable[[list[Sample]], Any],
    ) -> DataLoader[Any]:
        return DataLoader(
            pipeline,
            batch_sampler=batches,
            collate_fn=together,
            num_workers=self.num_workers,
            pin_memory=self.pin_memory,
            worker_init_fn=worker_init,
            persistent_workers=self.num_workers > 0,
            prefetch_factor=self.prefetch_factor if self.num_workers else None,
            generator=torch.Generator(),  # its own, so that global random numbers are left alone
            multiprocessing_context=self.start_method if self.num_workers else None,
        )

    def stage(self, name: str) -> Stage:
        """Return what the config has for ``train``, ``val`` or ``test``.

        Raises:
            ConfigError: It has nothing.
        """
        stage = self._stages[name]
        if stage is None:
            keys = ", ".join(field.name for field in fields(Stage))
            raise ConfigError(f"data.{name}: missing; a mapping with {keys} is wanted")
        return stage

    def _place(self) -> tuple[int, int]:
        return (self.trainer.global_rank, self.trainer.world_size) if self.trainer else (0, 1)
