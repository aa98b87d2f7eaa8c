"""Progress of long loops: a bar on a terminal, one log line every 30 s otherwise; and times in words."""

from __future__ import annotations

import logging
import sys
import time

logger = logging.getLogger("kgmm")

_SECONDS_BETWEEN_LINES = 30.0


class Progress:
    """Counts work done against a total and shows rate and time left.

    >>> with Progress("simulating", total=100, unit="steps") as progress:
    ...     progress.update(10)
    """

    def __init__(self, label: str, total: int, unit: str):
        self._label, self._total, self._unit = label, total, unit
        self._done = 0
        self._start = self._last = time.monotonic()
        self._bar = None

    def __enter__(self) -> Progress:
        if sys.stderr.isatty():
            from tqdm import tqdm

            self._bar = tqdm(total=self._total, desc=self._label, unit=self._unit, unit_scale=True, leave=False)
        return self

    def __exit__(self, *_):
        if self._bar is not None:
            self._bar.close()

    def update(self, amount: int) -> None:
        """Adds ``amount`` units of finished work."""
        self._done += amount
        if self._bar is not None:
            self._bar.update(amount)
            return
        now = time.monotonic()
        if now - self._last < _SECONDS_BETWEEN_LINES:
            return
        self._last = now
        rate = self._done / (now - self._start)
        left = (self._total - self._done) / rate
        logger.info(
            "%s: %.0f %% of %.3g %s, %.3g %s/s, %.0f s left",
            self._label, 100 * self._done / self._total, self._total, self._unit, rate, self._unit, left,
        )  # fmt: skip


def duration(
    seconds: float,
    units: tuple[str, str, str] = ("seconds", "minutes", "hours"),
    decimals: tuple[int, int] = (1, 1),
) -> str:
    """A time in the unit a reader would choose; ``decimals`` are those of minutes and of hours.

    >>> duration(42.0), duration(750.0), duration(9000.0, ("s", "min", "h"), (0, 0))
    ('42 seconds', '12.5 minutes', '2 h')
    """
    if seconds < 100:
        return f"{seconds:.0f} {units[0]}"
    if seconds < 6000:
        return f"{seconds / 60:.{decimals[0]}f} {units[1]}"
    return f"{seconds / 3600:.{decimals[1]}f} {units[2]}"
