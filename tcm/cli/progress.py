"""The progress bars of the data commands."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)

from tcm.cli.terminal import plain


@contextmanager
def bars() -> Iterator[Callable[[str, int, int], None]]:
    """Show progress on the error stream while the block runs, a bar for each name.

    Yields:
        What reports progress: takes a bar's name, how many are done and their total.
    """
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True)) as progress:
        tasks: dict[str, TaskID] = {}

        def advance(name: str, done: int, total: int) -> None:
            if name not in tasks:
                tasks[name] = progress.add_task(plain(name), total=total)
            progress.update(tasks[name], completed=done)

        yield advance
