"""Fits of a network to weighted points, by L-BFGS or in batches, judged on a held-out fold."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
from scipy.optimize import minimize
from threadpoolctl import threadpool_limits

from kgmm.errors import ScientificFailure
from kgmm.progress import Progress
from kgmm.score.batches import batches_by_weight, run_batches, update_of
from kgmm.score.fit_record import Fit, Observer, Record
from kgmm.score.network import Network
from kgmm.score.options import PRIOR_PRECISION, NetworkOptions

_DEFAULTS = NetworkOptions()


def fit_network(
    points: np.ndarray,
    targets: np.ndarray,
    weights: np.ndarray,
    *,
    hidden: Sequence[int] = tuple(_DEFAULTS.hidden),
    held_out: np.ndarray | None = None,
    noise_fraction: float = 0.0,
    prior_precision: float = PRIOR_PRECISION,
    optimizer: str = _DEFAULTS.optimizer,
    max_iterations: int = _DEFAULTS.max_iterations,
    patience: int = _DEFAULTS.patience,
    steps: int = _DEFAULTS.steps,
    batch_size: int = _DEFAULTS.batch_size,
    learning_rate: float | None = _DEFAULTS.learning_rate,
    seed: int = 0,
    device: str = "cpu",
    observe: Observer | None = None,
) -> Fit:
    """Fits a network to ``targets`` at ``points``.

    The loss is ``Σ w |f(x) − y|² + λ |θ|²`` with ``Σ w = 1`` and ``λ = prior_precision · noise_fraction / n_points``:
    the maximum a posteriori estimate under a normal prior of that precision on the parameters, given the measured
    noise of the targets. Noisy targets are smoothed and quiet ones are not, also where there are too few points for a
    held-out fold.

    Parameters
    ----------
    points
        ``(n_points, n_features)``.
    targets
        ``(n_points, n_outputs)``, of the order of one.
    weights
        ``(n_points,)``, non-negative.
    held_out
        ``(n_points,)`` bool, points that take no part but tell which state to keep and when to stop.
    noise_fraction
        Variance of the targets' noise over their mean square.
    optimizer
        ``"lbfgs"``, full batches for at most ``max_iterations``: best for up to some ten thousand points. Or
        ``"adam"`` or ``"orthogonal"``, ``steps`` batches of ``batch_size`` points drawn by weight, see
        :func:`kgmm.score.batches.fit_batches`: better where the function is so rich that L-BFGS does not converge.
    patience
        Evaluations in a row that find the state worse on the fold than the best, after which the fit stops; L-BFGS
        evaluates after each iteration, the others a hundred times.
    device
        ``"cpu"`` or ``"cuda"``.

    Raises
    ------
    ValueError
        For unusable shapes.
    ScientificFailure
        If the fit does not lower its loss.
    """
    if points.shape[0] != targets.shape[0] or weights.shape != (points.shape[0],):
        raise ValueError(
            f"points {points.shape}, targets {targets.shape} and weights {weights.shape} must agree in their first axis"
        )
    NetworkOptions.checked(
        hidden=hidden, prior_precision=prior_precision, optimizer=optimizer, max_iterations=max_iterations,
        patience=patience, steps=steps, batch_size=batch_size, learning_rate=learning_rate,
    )  # fmt: skip
    arrays = [torch.as_tensor(a, dtype=torch.float32, device=device) for a in (points, targets, weights)]
    fold_losses = None
    if held_out is not None and held_out.any():
        fold = torch.as_tensor(held_out, device=device)
        fold_losses = _losses_on([a[fold] for a in arrays])
        arrays = [a[~fold] for a in arrays]
    x, y, w = arrays
    w = w / w.sum()
    record = Record(fold_losses, patience, observe)
    start = Network.random((points.shape[1], *hidden, targets.shape[1]), seed)
    decay = prior_precision * noise_fraction / points.shape[0]
    if optimizer == "lbfgs":
        _fit_lbfgs(record, start, x, y, w, decay, max_iterations)
    else:
        batch = batches_by_weight(x, y, w, batch_size, seed)
        update = update_of(optimizer, steps, learning_rate)
        run_batches(record, start, batch, update, steps=steps, device=device, penalty=decay)
    fit = record.fit()
    before, after = fit.history.loss[0], fit.history.loss[-1]
    # Those of batches are of a few each, and so fall only within their noise where there is little to learn.
    if not (after < before if optimizer == "lbfgs" else np.isfinite(after)):
        raise ScientificFailure(f"the network's loss did not fall: {before:.3g} before, {after:.3g} after")
    return fit


def _losses_on(fold: list[torch.Tensor]) -> Callable[[Network], np.ndarray]:
    """A function that gives each point's share of a network's loss on the fold."""
    x, y, w = fold
    share = w / w.sum()

    def losses(network: Network) -> np.ndarray:
        with torch.no_grad():
            return (share * ((network.to(x.device)(x) - y) ** 2).sum(dim=1)).double().cpu().numpy()

    return losses


def _fit_lbfgs(
    record: Record,
    start: Network,
    x: torch.Tensor,
    y: torch.Tensor,
    w: torch.Tensor,
    decay: float,
    max_iterations: int,
) -> None:
    w = w[:, None]

    def loss_and_gradient(flat: np.ndarray) -> tuple[float, np.ndarray]:
        parameters = torch.from_numpy(flat).to(x.device, torch.float32).requires_grad_()
        loss = (w * (start.with_parameters(parameters)(x) - y) ** 2).sum() + decay * parameters.square().sum()
        loss.backward()
        return loss.item(), parameters.grad.double().cpu().numpy()

    with Progress("fitting the network", max_iterations, "iterations") as progress:
        iteration = 0

        def note(intermediate_result) -> None:
            nonlocal iteration
            iteration += 1
            progress.update(1)
            network = start.with_parameters(torch.from_numpy(intermediate_result.x).float())
            if not record.add(iteration, float(intermediate_result.fun), network):
                raise StopIteration

        first = start.parameters.double().numpy()
        record.add(0, loss_and_gradient(first)[0], start)
        # SciPy's optimiser and not torch's: the first step of torch.optim imports its compiler, which takes seconds.
        # The gradient is single precision, so neither tolerance may be finer than that.
        options = {"maxiter": max_iterations, "maxfun": 4 * max_iterations, "maxcor": 20, "ftol": 1e-9, "gtol": 1e-8}
        # One BLAS thread: its short vector operations between torch's make the two thread pools wait for each other.
        with threadpool_limits(1, user_api="blas"):
            minimize(loss_and_gradient, first, method="L-BFGS-B", jac=True, callback=note, options=options)
