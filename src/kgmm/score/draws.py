"""Draws of the noise for all samples, round after round, and the rules when to stop."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import reduce

import numpy as np
import torch

from kgmm.data.standardization import StandardizedSamples
from kgmm.progress import Progress
from kgmm.score.cells import CellEstimates, estimate_means
from kgmm.score.moments import Moments, accumulate_round
from kgmm.score.options import CellOptions
from kgmm.score.partition import Partition


def _is_met(rule: CellOptions, current: CellEstimates, previous: CellEstimates | None) -> bool:
    """Whether the estimate after the last round, ``current``, needs no further one."""
    if rule.stopping == "stderr":
        draws, data = current.mean_errors
        return draws <= 0.5 * data
    if previous is None:
        return False
    change = np.square(current.noise_mean - previous.noise_mean).sum()
    return change <= rule.convergence * np.square(current.noise_mean).sum()


@dataclass(frozen=True)
class Drawing:
    """Draws over the cells of a partition.

    Attributes
    ----------
    entropy
        Seed of the noise.
    linear
        Whether the products for linear cells are accumulated too.
    device
        ``"cpu"`` or ``"cuda"``.
    """

    partition: Partition
    sigma: float
    entropy: int
    linear: bool
    device: str = "cpu"

    def rounds(
        self, samples: StandardizedSamples, edges: np.ndarray, n_rounds: int, first_block: int = 0
    ) -> Iterator[Moments]:
        """The moments of each round; ``edges`` of the blocks as in :func:`kgmm.score.moments.accumulate_round`."""
        tree = self.partition.to(torch.float32, self.device)
        with Progress("drawing noise", 2 * n_rounds * samples.shape[0], "draws") as progress:
            for round_index in range(n_rounds):
                yield accumulate_round(
                    samples, edges, self.sigma, tree,
                    round_index=round_index, entropy=self.entropy, first_block=first_block, linear=self.linear,
                )  # fmt: skip
                progress.update(2 * samples.shape[0])

    def moments(self, samples: StandardizedSamples, edges: np.ndarray, n_rounds: int, first_block: int = 0) -> Moments:
        """The moments of ``n_rounds`` rounds together."""
        return reduce(Moments.merge_rounds, self.rounds(samples, edges, n_rounds, first_block))

    def until_stopped(self, samples: StandardizedSamples, edges: np.ndarray, rule: CellOptions) -> tuple[Moments, str]:
        """The moments after as many rounds as the rule asks for, and what stopped them."""
        if rule.stopping == "fixed":
            return self.moments(samples, edges, rule.max_draws // 2), "fixed"
        moments, previous = None, None
        for drawn in self.rounds(samples, edges, rule.max_draws // 2):
            moments = drawn if moments is None else moments.merge_rounds(drawn)
            current = estimate_means(moments)
            if 2 * moments.n_rounds >= rule.min_draws and _is_met(rule, current, previous):
                return moments, rule.stopping
            previous = current
        return moments, "max_draws"
