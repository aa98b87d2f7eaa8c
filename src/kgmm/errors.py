"""Errors that carry a meaning of their own."""

from __future__ import annotations


class ScientificFailure(RuntimeError):
    """A computation that ran as asked but whose outcome is unusable: divergence, a fit that did not improve, ….

    It is a result like any other: the workflow records the reason, passes it on to dependants, shows it in the
    report, and makes the run exit non-zero at its end.

    Examples
    --------
    >>> import kgmm
    >>> path = kgmm.simulate("double_well", n_members=20, n_times=10, interval=0.01)
    >>> try:
    ...     kgmm.estimate_mobility(path)
    ... except kgmm.ScientificFailure as failure:
    ...     print(str(failure)[:40])
    a variable of the path never decorrelate
    """


class DivergenceError(ScientificFailure):
    """An integration produced states that are not finite: the time step is too long, or the equation explodes.

    Examples
    --------
    >>> import kgmm
    >>> try:
    ...     kgmm.simulate("double_well", n_members=5, n_times=2, dt=1.0, interval=5.0, burn_in=10.0)
    ... except kgmm.DivergenceError as error:
    ...     print(str(error)[:20])
    double_well diverged
    """


class DamagedResult(RuntimeError):
    """A file is not as the job that made it left it; the message says what to do.

    Examples
    --------
    >>> raise DamagedResult("results/a/metrics.csv is gone; run again, and it is made anew with what follows from it")
    Traceback (most recent call last):
        ...
    kgmm.errors.DamagedResult: results/a/metrics.csv is gone; run again, and it is made anew with what follows from it
    """


def first_line(error: Exception) -> str:
    """The first line of an error's message, or its name if it has none."""
    return str(error).strip().split("\n")[0] or type(error).__name__
