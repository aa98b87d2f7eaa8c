"""A race between KGMM and denoising score matching: the same data, noise, network and clock."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import xarray as xr

from kgmm.errors import ScientificFailure
from kgmm.score.dsm import DSM
from kgmm.score.evaluation import ScoreEvaluator
from kgmm.score.kgmm import KGMM
from kgmm.score.model import ScoreModel
from kgmm.score.network import Network
from kgmm.score.options import PRIOR_PRECISION

# States of a fit that are scored on its way, evenly spaced in the logarithm of their number.
CHECKPOINTS = 12


@dataclass(frozen=True)
class Entry:
    """One method with its settings.

    Attributes
    ----------
    method
        ``"kgmm"``, ``"dsm"`` (independent draws) or ``"dsm_antithetic"``.
    effort
        Iterations or batches of the network's fit.
    min_probability
        ``p_min`` of KGMM, NaN for the others.
    """

    method: str
    effort: int
    min_probability: float = np.nan

    @property
    def label(self) -> str:
        """The entry in a few words."""
        if self.method == "kgmm":
            return f"p_min {self.min_probability:g}, {self.effort} iterations"
        return f"{self.effort} batches"


@dataclass
class Clock:
    """CPU seconds of this process, in all its threads, and states of a fit while it runs.

    Other programs on the machine do not count. Looking at the clock costs the fit a copy of the network.
    """

    start: float = field(default_factory=time.process_time)
    states: list[tuple[float, int, Network]] = field(default_factory=list)

    @property
    def seconds(self) -> float:
        """Time since the start."""
        return time.process_time() - self.start

    def note(self, iteration: int, network: Network) -> None:
        """Keeps the state after an iteration."""
        self.states.append((self.seconds, iteration, network))


@dataclass
class Finished:
    """What came of an entry: its model, its checkpoints as (seconds, iteration, model), its times in CPU seconds."""

    model: ScoreModel
    checkpoints: list[tuple[float, int, ScoreModel]]
    clustering: float
    total: float


def entries(min_probabilities: Sequence[float], iterations: Sequence[int], steps: Sequence[int]) -> list[Entry]:
    """All entries in the order in which they run: the methods alternate, so that a slow moment meets all of them."""
    kgmm = [Entry("kgmm", effort, p_min) for p_min in min_probabilities for effort in iterations]
    baselines = [Entry(method, effort) for effort in steps for method in ("dsm", "dsm_antithetic")]
    longest = max(len(kgmm), len(baselines))
    return [group[k] for k in range(longest) for group in (baselines, kgmm) if k < len(group)]


def run_entry(entry: Entry, samples, *, sigma: float, seed: int, estimator: dict, network: dict) -> Finished:
    """Runs one entry against the clock.

    Parameters
    ----------
    samples
        ``(n_samples, n_features)``, physical units, in memory.
    estimator
        Options of :class:`kgmm.KGMM`.
    network
        Options of :meth:`kgmm.ScoreModel.fit`, ``batch_size`` and ``learning_rate`` also of :class:`kgmm.DSM`.
    """
    clock = Clock()
    clustering = 0.0
    if entry.method == "kgmm":
        cells = KGMM(sigma, entry.min_probability, random_state=seed, **estimator).fit(samples)
        clustering = clock.seconds
        effort = {"max_iterations" if network.get("optimizer", "lbfgs") == "lbfgs" else "steps": entry.effort}
        # One fit: those of other priors, by the evidence of the cells, would come into the way of the network.
        if network.get("prior_precision") is None:
            effort["prior_precision"] = PRIOR_PRECISION
        model = ScoreModel.fit(cells, **network | effort, seed=seed, observe=clock.note)
    else:
        options = {name: network[name] for name in ("hidden", "batch_size", "learning_rate") if name in network}
        antithetic = entry.method == "dsm_antithetic"
        baseline = DSM(sigma, steps=entry.effort, antithetic=antithetic, random_state=seed, **options)
        model = baseline.fit(samples, observe=clock.note).score_model_
    total = clock.seconds
    chosen = np.unique(np.geomspace(1, len(clock.states), CHECKPOINTS).round().astype(int) - 1)
    states = [clock.states[k] for k in chosen]
    checkpoints = [(seconds, iteration, replace(model, network=state)) for seconds, iteration, state in states]
    return Finished(model, checkpoints, clustering, total)


def run_race(
    samples: np.ndarray,
    competitors: Sequence[Entry],
    seeds: Sequence[int],
    *,
    evaluator: ScoreEvaluator,
    entropy: Callable[[ScoreModel, int], float],
    **options,
) -> tuple[xr.Dataset, xr.Dataset]:
    """Runs every entry with every seed.

    Parameters
    ----------
    evaluator
        Judges a model, along the way too.
    entropy
        Relative entropy of its Langevin model, given a seed too; NaN if there is none.
    options
        As of :func:`run_entry`.

    Returns
    -------
    Results and times. Both have the dimension ``run``, one for each entry and seed; along the way
    ``(run, checkpoint)``, padded with NaN. Times are CPU seconds and exclude imports and scoring.
    """
    # Whatever the first fit of a process pays for is paid before the clock starts.
    for method in ("kgmm", "dsm"):
        warm = next(entry for entry in competitors if entry.method.startswith(method))
        run_entry(replace(warm, effort=2, min_probability=0.05), samples[:20_000], seed=0, **options)
    rows = [_raced(entry, seed, samples, evaluator, entropy, options) for seed in seeds for entry in competitors]
    names = list(dict.fromkeys(name for row in rows for name in row["scores"][0]))
    way = ("run", "checkpoint")
    text = {name: ("run", np.array([row[name] for row in rows], dtype=object)) for name in ("method", "label")}
    numbers = {
        name: ("run", np.array([row[name] for row in rows], dtype=float))
        for name in ("effort", "min_probability", "seed", "relative_entropy")
    }
    final = {f"final_{name}": ("run", np.array([row["final"][name] for row in rows])) for name in names}
    along = {name: (way, _padded([[s[name] for s in row["scores"]] for row in rows])) for name in names}
    along["iteration"] = (way, _padded([row["iteration"] for row in rows]))
    results = xr.Dataset(text | numbers | final | along)
    times = xr.Dataset(
        {"seconds": (way, _padded([row["seconds"] for row in rows]))}
        | {name: ("run", np.array([row[name] for row in rows])) for name in ("total", "clustering")}
    )
    return results, times


def _raced(entry: Entry, seed: int, samples, evaluator, entropy, options) -> dict:
    finished = run_entry(entry, samples, seed=seed, **options)
    try:
        relative_entropy = entropy(finished.model, seed)
    except ScientificFailure:
        relative_entropy = np.nan
    return {
        "method": entry.method,
        "label": entry.label,
        "effort": entry.effort,
        "min_probability": entry.min_probability,
        "seed": seed,
        "relative_entropy": relative_entropy,
        "final": evaluator.errors(finished.model),
        "scores": [evaluator.errors(model) for _, _, model in finished.checkpoints],
        "iteration": [iteration for _, iteration, _ in finished.checkpoints],
        "seconds": [seconds for seconds, _, _ in finished.checkpoints],
        "total": finished.total,
        "clustering": finished.clustering,
    }


def _padded(rows: list[list[float]]) -> np.ndarray:
    padded = np.full((len(rows), max(map(len, rows))), np.nan)
    for k, row in enumerate(rows):
        padded[k, : len(row)] = row
    return padded
