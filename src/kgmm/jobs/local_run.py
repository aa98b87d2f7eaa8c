"""A whole run in this process, without Snakemake: the same tasks, tables, pictures and report."""

from __future__ import annotations

import contextlib
import ctypes
import gc
import logging
import time
from collections.abc import Callable
from pathlib import Path

import yaml

from kgmm.jobs.bundles import Bundles
from kgmm.jobs.costs import CostMeter
from kgmm.jobs.damage import checked
from kgmm.jobs.draw_pictures import draw_pictures
from kgmm.jobs.drawings import drawings_of
from kgmm.jobs.estimates import estimate_run, refuse_excess, told
from kgmm.jobs.fingerprint import remember_modules
from kgmm.jobs.logs import logged_as_well
from kgmm.jobs.plan import Plan
from kgmm.jobs.plan_table import to_csv
from kgmm.jobs.receipts import read_receipt
from kgmm.jobs.reruns import mark_done, why_due
from kgmm.jobs.run import run_task
from kgmm.jobs.run_results import RunResults
from kgmm.report.write import write_report
from kgmm.tables.costs import collect_costs
from kgmm.tables.metrics import collect_metrics
from kgmm.tables.races import collect_races
from kgmm.tables.trajectories import collect_trajectories
from kgmm.tables.verification import verify_claims


class LocalRun:
    """A run of a few experiments, in the current folder and in this process.

    What an earlier run has computed is not computed again. Sweeps are for the workflow.

    Parameters
    ----------
    raw : dict
        The contents of a configuration file.

    Raises
    ------
    ConfigError
        If the configuration is unusable.
    """

    def __init__(self, raw: dict):
        self.plan = Plan(raw)
        self._results = RunResults(self.plan)
        remember_modules()

    def run(self, tell: Callable[[str], None]) -> None:
        """Computes everything; ``tell`` is given a line for each step.

        Raises
        ------
        Exception
            What a task raises that is no scientific failure; what was finished before is kept.
        """
        logging.getLogger("kgmm").setLevel(logging.INFO)
        costs = CostMeter()
        due = estimate_run(self.plan)
        refuse_excess(due, self.plan.config.limits)
        if due:
            tell(told(due))
        for task in sorted(self.plan.all_tasks(), key=lambda task: task.depth):
            if why_due(task) is not None:
                start = time.monotonic()
                with logged_as_well(task.log):
                    run_task(task, costs)
                _give_back_memory()
                tell(f"{task.stage.replace('_', ' ')}: {time.monotonic() - start:.1f} s")
            mark_done(task)
            receipt = read_receipt(task)
            if receipt["status"] == "failed":
                tell(f"  failed: {receipt['reason']}")
        start = time.monotonic()
        self._write_tables(self._draw())
        self._write_report()
        tell(f"figures and report: {time.monotonic() - start:.1f} s")

    @property
    def report(self) -> Path:
        """File of the report."""
        return Path(self.plan.path("report.html"))

    @property
    def trajectories(self) -> Path:
        """File of the table of the data."""
        return Path(self.plan.path("trajectories.csv"))

    @property
    def failed(self) -> bool:
        """Whether a result failed."""
        return any(read_receipt(task)["status"] == "failed" for task in self.plan.all_tasks())

    @property
    def metrics(self) -> Path:
        """File of the table of all statistics."""
        return Path(self.plan.path("metrics.csv"))

    def _draw(self) -> list[str]:
        """Draws all pictures; files of the records of what they cost."""
        records = []
        for drawing in drawings_of(self._results, Bundles([]), self.plan.path, code=""):
            for picture in drawing.pictures(drawing.names):
                Path(picture.files[0]).parent.mkdir(parents=True, exist_ok=True)
                draw_pictures([picture])
                _give_back_memory()
                records.append(picture.record)
        return records

    def _write_tables(self, records: list[str]) -> None:
        path, results = self.plan.path, self._results
        names = ("plan.csv", "config.yaml", "metrics.csv", "trajectories.csv", "races.csv", "costs.csv")
        sources = [results.experiments, results.trajectories, results.raced, records]
        with checked(sources, [path(name) for name in (*names, "verification.csv")]):
            self._collect(records)

    def _collect(self, records: list[str]) -> None:
        path, results = self.plan.path, self._results
        Path(path("plan.csv")).write_text(to_csv(self.plan), encoding="utf-8")
        Path(path("config.yaml")).write_text(yaml.safe_dump(self.plan.resolved, sort_keys=False), encoding="utf-8")
        collect_metrics(results.experiments, path("metrics.csv"))
        collect_trajectories(results.trajectories, path("trajectories.csv"))
        collect_races(results.raced, path("races.csv"))
        collect_costs([*sorted(task.receipt for task in self.plan.all_tasks()), *records], path("costs.csv"))
        claims = [claim.model_dump(mode="json") for claim in self.plan.config.claims]
        verify_claims({name: path(f"{name}.csv") for name in ("metrics", "races")}, claims, path("verification.csv"))

    def _write_report(self) -> None:
        config, results = self.plan.config, self._results
        names = ("metrics", "races", "trajectories", "costs", "verification")
        files = {name: self.plan.path(f"{name}.csv") for name in names} | {"config": self.plan.path("config.yaml")}
        contents = {
            "title": config.title, "run": config.name, "seed": config.seed, "opening": results.opening,
            "sections": results.sections, "rows": results.explored, "studies": {}, "sweeps": [],
        }  # fmt: skip
        with checked([files, results.explored], [str(self.report)]):
            write_report(files, contents, str(self.report))


def _give_back_memory() -> None:
    """Memory that a task or a picture has freed goes back to the system, where its C library can."""
    gc.collect()
    # What is left are modules and results: the next collection need not look at them again, which took .3 s each time.
    gc.freeze()
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)
