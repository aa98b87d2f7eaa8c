"""A series on the way from a file to a path."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np


@dataclass(frozen=True)
class Prepared:
    """A series on the way from a file to a path.

    Attributes
    ----------
    members : list of ndarray
        Each ``(n_times, n_features)``; lengths may differ.
    names : tuple of str
        Of the variables.
    times : list of ndarray
        Of each member, or empty if the file has none.
    time_step : float or None
        Between states, once it is known.
    notes : tuple of str
        What was done, one clause each.
    undone : tuple of dict
        What :func:`kgmm.restore` needs to undo it, step by step.
    origin : ndarray
        First times of the first member, before derivatives or earlier states were added.
    starts : tuple of int
        First times of all members then, in steps after the first one of the first member.
    """

    members: list[np.ndarray]
    names: tuple[str, ...]
    times: list[np.ndarray] = field(default_factory=list)
    time_step: float | None = None
    notes: tuple[str, ...] = ()
    undone: tuple[dict, ...] = ()
    origin: np.ndarray = field(default_factory=lambda: np.empty(0))
    starts: tuple[int, ...] = ()

    def noted(self, note: str, undone: dict | None = None, **changes) -> Prepared:
        """A copy with changes, one more note, and one more step to undo."""
        steps = self.undone if undone is None else (*self.undone, undone)
        return replace(self, notes=(*self.notes, note), undone=steps, **changes)
