"""The time that a run has taken, over all its starts."""

import time


class Clock:
    """Seconds of a run; of one that is resumed with those before."""

    def __init__(self) -> None:
        self._start = time.perf_counter()
        self._before = 0.0

    def seconds(self) -> float:
        """Return the seconds until now."""
        return self._before + time.perf_counter() - self._start

    def go_on_from(self, seconds: float) -> None:
        """Take the seconds of the run that is resumed."""
        self._before, self._start = seconds, time.perf_counter()
