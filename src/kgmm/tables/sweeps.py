"""The tables of the sweeps of a run: every statistic at every setting, and the best settings."""

from __future__ import annotations

import numpy as np
import pandas as pd
import xarray as xr

from kgmm.config.axes import setting_text
from kgmm.jobs.failures import failure_of
from kgmm.results import ExperimentResult, Sweep
from kgmm.statistics.metrics import metric_rows
from kgmm.statistics.sweep_summary import summarize
from kgmm.tables.best_setting import COLUMNS, ENTROPY, best_settings


def collect_sweeps(sweeps: list[Sweep], metrics: str, table: str, best: str) -> None:
    """Writes ``table`` and ``best`` of these sweeps from the metrics of the run."""
    read = pd.read_csv(metrics)
    axes = {sweep.block: sweep.choices + sweep.problems for sweep in sweeps}
    summarize(read, axes).to_csv(table, index=False)
    columns = list(dict.fromkeys(["sigma", *(column for names in axes.values() for column in names)]))
    rows = [{"block": sweep.block} | row for sweep in sweeps for row in _best(sweep)]
    pd.DataFrame(rows, columns=["block", *columns, *COLUMNS]).to_csv(best, index=False)


def _best(sweep: Sweep) -> list[dict]:
    runs = pd.DataFrame([_run(result) for result in sweep.results])
    choices = [name for name in sweep.choices if name != "sigma"]

    def label(values: dict) -> str:
        return setting_text({name: value for name, value in values.items() if runs[name].nunique(dropna=False) > 1})

    return best_settings(runs, choices, sweep.problems, label)


def _run(result: ExperimentResult) -> dict:
    entropies = _entropies(result.comparison)
    return result.axes | {
        "sigma": result.sigma,
        "replicate": result.replicate,
        "loss_blocks": _loss_blocks(result.evaluation, result.method),
        "entropy": np.mean([value for value, _ in entropies]) if entropies else np.nan,
        # Of independent variables.
        "entropy_stderr": np.hypot.reduce([stderr for _, stderr in entropies]) / max(len(entropies), 1),
    }


def _loss_blocks(path: str, method: str) -> np.ndarray | None:
    if failure_of(path) is not None:
        return None
    with xr.open_dataset(path) as evaluation:
        name = f"loss_blocks_{method}"
        return evaluation[name].values if name in evaluation else None


def _entropies(path: str | None) -> list[tuple[float, float]]:
    """Relative entropy and its error for every variable of the model with Φ = I."""
    if path is None or failure_of(path) is not None:
        return []
    with xr.open_dataset(path) as comparison:
        rows = metric_rows(comparison)
    return [
        (row["value"], row["stderr"]) for row in rows if row["statistic"] == ENTROPY and row["mobility"] == "identity"
    ]
