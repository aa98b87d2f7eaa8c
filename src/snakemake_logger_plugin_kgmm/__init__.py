"""What the terminal shows of a run: a line for every finished job, with the number done and the time left.

Snakemake finds this package by its name (``--logger kgmm``, set in the profiles). What a job says is in
``results/logs/<stage>/<key>.log``, the end of which is shown when it fails.
"""

from __future__ import annotations

import logging
import re
import sys
import time
from collections import Counter, defaultdict
from pathlib import Path

from snakemake_interface_logger_plugins.base import LogHandlerBase
from snakemake_interface_logger_plugins.common import LogEvent
from tabulate import tabulate

_SILENT = {
    LogEvent.JOB_INFO, LogEvent.JOB_STARTED, LogEvent.SHELLCMD, LogEvent.GROUP_INFO, LogEvent.RESOURCES_INFO,
    LogEvent.WORKFLOW_STARTED, LogEvent.RULEGRAPH,
}  # fmt: skip
# Rules of jobs that take several tasks are called by their stage, the number of tasks and a hash of which.
_BUNDLE = re.compile(r"_(\d+)x_[0-9a-f]{8}$")
# Of Snakemake's own remarks those that say how a run ended.
_REMARKS = ("Nothing to be done", "Complete log", "Unlocking", "Will exit")


class LogHandler(LogHandlerBase):
    """Prints to standard error; a dry run is shown as Snakemake shows it."""

    def __post_init__(self) -> None:
        self._clock = Clock()
        self._jobs: dict[int, tuple[str, str, float]] = {}
        self._finished: tuple[str, str, float] | None = None

    writes_to_stream = True
    writes_to_file = False
    has_filter = False
    has_formatter = False
    needs_rulegraph = False

    def emit(self, record: logging.LogRecord) -> None:
        try:
            line = self._dry_line(record) if self.common_settings.dryrun else self._line(record)
            if line:
                print(line, file=sys.stderr, flush=True)
        except Exception:
            self.handleError(record)

    def _dry_line(self, record: logging.LogRecord) -> str:
        if getattr(record, "event", None) != LogEvent.RUN_INFO:
            return self.format(record)
        return "Job stats:\n" + tabulate(_by_stage(record.stats).items(), headers=("job", "count")) + "\n"

    def _line(self, record: logging.LogRecord) -> str | None:
        event = getattr(record, "event", None)
        if event == LogEvent.RUN_INFO:
            self._clock.expect({rule: n for rule, n in _by_stage(record.stats).items() if rule != "total"})
            return f"{record.stats['total']} jobs"
        if event == LogEvent.JOB_INFO:
            name = _name(record.rule_name, record.wildcards, getattr(record, "output", None))
            self._jobs[record.jobid] = (_stage(record.rule_name), name, time.monotonic())
        elif event == LogEvent.JOB_FINISHED:
            rule, name, start = self._jobs.pop(record.job_id, ("", "", time.monotonic()))
            seconds = time.monotonic() - start
            self._clock.finish(rule, seconds)
            self._finished = (rule, name, seconds)
        elif event == LogEvent.PROGRESS and self._finished is not None:
            rule, name, seconds = self._finished
            left = self._clock.left()
            width = len(str(record.total))
            ahead = "" if record.done == record.total or left is None else f", about {duration(left)} left"
            return f"{record.done:>{width}}/{record.total} {rule.replace('_', ' ')} {name} ({duration(seconds)}){ahead}"
        if event in _SILENT or event in (LogEvent.JOB_FINISHED, LogEvent.PROGRESS):
            return None
        if event is None and record.levelno < logging.WARNING and not str(record.msg).startswith(_REMARKS):
            return None
        return self.format(record)


class Clock:
    """Estimates the time left from the mean durations of the jobs that are done, rule by rule."""

    def __init__(self) -> None:
        self._start = time.monotonic()
        self._remaining: Counter[str] = Counter()
        self._seconds: dict[str, list[float]] = defaultdict(list)

    def expect(self, jobs: dict[str, int]) -> None:
        """Jobs to come, by rule."""
        self._start = time.monotonic()
        self._remaining = Counter(jobs)

    def finish(self, rule: str, seconds: float) -> None:
        """Notes a job that took ``seconds``."""
        self._remaining[rule] -= 1
        self._seconds[rule].append(seconds)

    def left(self) -> float | None:
        """Seconds left at the rate so far, new rules counting as the mean of all; ``None`` at the beginning."""
        every = [seconds for durations in self._seconds.values() for seconds in durations]
        worked = sum(every)
        if not worked:
            return None
        mean = worked / len(every)
        ahead = sum(
            n * (sum(self._seconds[rule]) / len(self._seconds[rule]) if self._seconds.get(rule) else mean)
            for rule, n in self._remaining.items()
            if n > 0
        )
        return ahead * (time.monotonic() - self._start) / worked


def duration(seconds: float) -> str:
    """``12 s``, ``3 min``, ``1.5 h``."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def _stage(rule: str) -> str:
    return _BUNDLE.sub("", rule)


def _by_stage(jobs: dict[str, int]) -> Counter[str]:
    counts = Counter()
    for rule, n in jobs.items():
        counts[_stage(rule)] += n
    return counts


def _name(rule: str, wildcards, output) -> str:
    bundle = _BUNDLE.search(rule)
    if bundle:
        return Path(str(output[0])).stem if bundle[1] == "1" and output else f"{bundle[1]} tasks"
    return " ".join(str(value) for value in dict(wildcards or {}).values())
