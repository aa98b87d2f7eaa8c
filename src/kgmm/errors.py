"""Errors that carry a meaning of their own."""

from __future__ import annotations


class ScientificFailure(RuntimeError):
    """A computation that ran as asked and whose outcome is unusable: divergence, a fit that did not improve, ….

    It is a result like any other: the workflow records the reason, passes it on to dependants, shows it in the
    report, and makes the run exit non-zero at its end.
    """


class DivergenceError(ScientificFailure):
    """An integration produced non-finite states."""
