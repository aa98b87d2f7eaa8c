"""Which term of the error budget limits a score: fits to exact targets in place of estimated ones."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import torch

from kgmm.data.blocks import Estimate
from kgmm.data.samples import pieces_of
from kgmm.score.cell_score import CellScore
from kgmm.score.cells import CellEstimates, estimate
from kgmm.score.error_terms import TERMS
from kgmm.score.evaluation import ScoreEvaluator
from kgmm.score.model import ScoreModel
from kgmm.score.moments import accumulate_round, block_edges

# Samples from which exact averages over the cells are taken: there is no noise in them.
_MAX_SAMPLES = 200_000


def error_budget(
    cells: CellScore,
    model: ScoreModel,
    samples,
    evaluator: ScoreEvaluator,
    system,
    *,
    network: dict,
    seed: int,
) -> dict[str, Estimate]:
    """Terms of the error of ``model``, relative mean squares that add up to about that of the score.

    The network is fitted again, first to the exact smoothed score at the centres, then to its exact averages over the
    cells. The first has only the network's error; what the second adds is due to the size of the cells; what the
    estimate adds to the second is due to the noise of its targets, divided between draws and data by their variances.

    Parameters
    ----------
    cells, model
        The estimate and the network fitted to it.
    samples
        Those of the fit, ``(n, n_features)``, physical units.
    evaluator
        Where errors are taken, with the exact scores of ``system``.
    network
        Options of :meth:`kgmm.ScoreModel.fit` that ``model`` was fitted with.
    seed
        Of the fits.

    Returns
    -------
    ``budget_smoothing`` (``s_σ`` against ``s``), ``budget_network``, ``budget_cells``, ``budget_draws`` and
    ``budget_data``. A term that a fit happens to gain from is zero.
    """
    sigma, scale = cells.sigma, cells.standardization.scale

    def refitted(targets: CellEstimates) -> ScoreModel:
        return ScoreModel.fit(replace(cells, estimates=targets), **network, seed=seed)

    quiet = {"stderr_draws": np.zeros_like(cells.score), "stderr_data": np.zeros_like(cells.score)}
    noise_mean = -sigma * scale * system.smoothed_score(cells.centers, sigma * scale)
    at_centers = replace(cells.estimates, noise_mean=noise_mean, **quiet)
    averaged = exact_averages(cells, samples, _exact_noise(cells, system))
    over_cells = replace(cells.estimates, noise_mean=averaged.noise_mean, slope=averaged.slope, **quiet)
    if averaged.slope is not None:
        at_centers = replace(at_centers, slope=averaged.slope)

    of_network, with_cells, of_model = (
        evaluator.smoothed_score_error(fitted).value for fitted in (refitted(at_centers), refitted(over_cells), model)
    )
    noise = max(0.0, of_model - with_cells)
    of_draws = cells.draws_error**2 / max(cells.draws_error**2 + cells.data_error**2, 1e-300)
    bias = evaluator.smoothing_bias.value
    values = (bias, of_network, max(0.0, with_cells - of_network), noise * of_draws, noise * (1.0 - of_draws))
    return {f"budget_{term}": Estimate(value, np.nan) for term, value in zip(TERMS, values)}


def exact_averages(
    cells: CellScore, samples, conditional_mean: Callable[[torch.Tensor], torch.Tensor]
) -> CellEstimates:
    """What the cells would hold without the noise of the draws, given ``E[z | x]`` in standardised coordinates."""
    every = -(-samples.shape[0] // _MAX_SAMPLES)
    chosen = np.concatenate([piece[-start % every :: every] for start, piece in pieces_of(samples)])
    standardized = cells.standardization.forward(chosen).astype(np.float32)
    moments = accumulate_round(
        torch.from_numpy(standardized),
        block_edges(len(standardized), cells.prepared.options.n_blocks),
        cells.sigma,
        cells.partition.to(torch.float32),
        round_index=0,
        entropy=cells.prepared.entropy + 1,
        linear=cells.estimates.slope is not None,
        conditional_mean=conditional_mean,
    )
    return estimate(moments)


def _exact_noise(cells: CellScore, system) -> Callable[[torch.Tensor], torch.Tensor]:
    scale, sigma = cells.standardization.scale, cells.sigma

    def conditional_mean(x: torch.Tensor) -> torch.Tensor:
        score = system.smoothed_score(cells.standardization.backward(x.double().numpy()), sigma * scale)
        return torch.from_numpy(-sigma * scale * score).to(x.dtype)

    return conditional_mean
