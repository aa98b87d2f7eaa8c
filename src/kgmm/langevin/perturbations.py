"""Perturbations of a drift: ``u(x)`` and its divergence at states, and ``u`` as a function of torch states."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch

Perturbation = np.ndarray | Callable
# Half the distance of central differences, in standard deviations.
_DIFFERENCE = 1e-3


def at_states(
    x: np.ndarray, perturbation: Perturbation, divergence: Callable[[np.ndarray], np.ndarray] | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """``u`` and ``∇·u`` at the states ``x``.

    Parameters
    ----------
    x : ndarray of shape (n, n_features)
        States, physical units.
    perturbation : array_like or callable
        A constant vector ``(n_features,)``, or ``u(x)``, ``(n, n_features) -> (n, n_features)``.
    divergence : callable, optional
        ``∇·u``, ``(n, n_features) -> (n,)``. By default by automatic differentiation, if ``u`` is made of operations
        that torch tensors have.

    Returns
    -------
    u : ndarray of shape (n, n_features)
    divergence : ndarray of shape (n,)

    Raises
    ------
    ValueError
        For another shape, values that are not finite, and a function whose divergence cannot be found.

    Examples
    --------
    >>> u, of_u = at_states(np.ones((2, 2)), lambda x: x**2)
    >>> of_u.tolist()
    [4.0, 4.0]
    """
    if not callable(perturbation):
        u = constant(perturbation, x.shape[1])
        return np.broadcast_to(u, x.shape), np.zeros(len(x))
    if divergence is None:
        u, of_u = _differentiated(x, perturbation)
    else:
        u, of_u = np.asarray(perturbation(x), dtype=float), np.asarray(divergence(x), dtype=float)
    if u.shape != x.shape or of_u.shape != x.shape[:1]:
        raise ValueError(f"perturbation and divergence give {u.shape} and {of_u.shape} at states {x.shape}")
    if not (np.isfinite(u).all() and np.isfinite(of_u).all()):
        raise ValueError("perturbation or divergence is not finite at some states of the path")
    return u, of_u


def constant(perturbation: np.ndarray, n_features: int) -> np.ndarray:
    """A constant perturbation, ``(n_features,)``; ``ValueError`` for another shape or values that are not finite."""
    u = np.asarray(perturbation, dtype=float)
    if u.shape != (n_features,):
        raise ValueError(f"perturbation has shape {u.shape}: {(n_features,)} is expected, one entry for each variable")
    if not np.isfinite(u).all():
        raise ValueError(f"perturbation is {u.tolist()}: finite numbers are needed")
    return u


def of_tensors(perturbation: Perturbation, n_features: int) -> Callable[[torch.Tensor], torch.Tensor]:
    """``u`` as a function of torch states ``(n_features, n_members)``, the layout in which ensembles are integrated.

    A function that does not work with tensors is given arrays.
    """
    if not callable(perturbation):
        values = constant(perturbation, n_features)[:, None]
        return lambda state: torch.as_tensor(values, dtype=state.dtype, device=state.device)

    def of_state(state: torch.Tensor) -> torch.Tensor:
        try:
            u = perturbation(state.T)
        except (TypeError, RuntimeError):
            u = perturbation(state.T.cpu().numpy())
        return torch.as_tensor(u, dtype=state.dtype, device=state.device).T

    return of_state


def central_divergence(perturbation: Callable) -> Callable[[np.ndarray], np.ndarray]:
    """``∇·u`` of a function of arrays by central differences, exact for polynomials of second degree."""

    def divergence(x: np.ndarray) -> np.ndarray:
        total = np.zeros(len(x))
        for k, step in enumerate(_DIFFERENCE * x.std(axis=0)):
            shift = step * np.eye(x.shape[1])[k]
            total += (perturbation(x + shift) - perturbation(x - shift))[:, k] / (2 * step)
        return total

    return divergence


def _differentiated(x: np.ndarray, perturbation: Callable) -> tuple[np.ndarray, np.ndarray]:
    """``u`` and ``∇·u`` by automatic differentiation."""
    points = torch.tensor(x, dtype=torch.float64, requires_grad=True)
    try:
        u = perturbation(points)
    except (TypeError, RuntimeError, AttributeError) as error:
        reason = str(error).split("\n")[0].rstrip(".")
        raise ValueError(
            f"perturbation does not work with torch tensors ({reason}): its divergence is needed too"
        ) from None
    if not isinstance(u, torch.Tensor):
        raise ValueError("perturbation gives no torch tensor: its divergence is needed too")
    if u.shape != points.shape:
        raise ValueError(f"perturbation gives {tuple(u.shape)} at states {x.shape}")
    of_u = np.zeros(len(x))
    if u.requires_grad:
        for k in range(x.shape[1]):
            (gradient,) = torch.autograd.grad(u[:, k].sum(), points, retain_graph=True, allow_unused=True)
            if gradient is not None:
                of_u += gradient[:, k].numpy()
    return u.detach().numpy(), of_u
