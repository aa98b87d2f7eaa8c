"""Statistics of a score: one function each, found by the name of its file in ``statistics/of_score``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from kgmm.statistics.registry import statistics_in

if TYPE_CHECKING:
    from kgmm.data.blocks import Estimate


@dataclass(frozen=True)
class ScoreSample:
    """A score at held-out points, all in standardised coordinates; arrays are ``(n, n_features)``.

    Attributes
    ----------
    sigma : float
        Noise amplitude.
    noise : numpy.ndarray
        The noise ``z``.
    noisy : numpy.ndarray
        The points ``x = μ + σ z``.
    at_noisy, at_clean : numpy.ndarray
        The score at ``x`` and at the held-out samples ``μ``.
    exact : numpy.ndarray or None
        The exact score ``s`` at ``μ``; ``None`` where it is not known.
    smoothed, smoothed_at_clean : numpy.ndarray or None
        The exact smoothed score ``s_σ`` at ``x`` and at ``μ``.
    """

    sigma: float
    noise: np.ndarray
    noisy: np.ndarray
    at_noisy: np.ndarray
    at_clean: np.ndarray
    exact: np.ndarray | None = None
    smoothed: np.ndarray | None = None
    smoothed_at_clean: np.ndarray | None = None


@dataclass(frozen=True)
class ScoreStatistic:
    """One statistic of a score.

    Attributes
    ----------
    label : str
        What tables and explorers call it.
    compute : callable
        Makes an :class:`~kgmm.data.blocks.Estimate` from a :class:`ScoreSample`.
    rank : int
        Place in tables.
    needs_exact : bool
        Whether it needs the exact score.
    units : str
        ``"1"`` for a number without a unit.
    """

    label: str
    compute: Callable[[ScoreSample], Estimate]
    rank: int = 100
    needs_exact: bool = False
    units: str = "1"


def score_statistics() -> dict[str, ScoreStatistic]:
    """All statistics by their name, in the order of their rank."""
    return statistics_in("of_score")
