"""What a technical failure means for a user, and what may help; the technical text stays in tables and logs."""

from __future__ import annotations

import re

# A pattern of the failure, what it means and what may help. The first that is found is said.
_MEANINGS = (
    (
        r"needs a time step of|no time step down to|derivatives at samples .* not finite",
        "the estimated score is so steep somewhere that the model cannot be simulated in reasonable time, as it is "
        "where values repeat, are far apart, or stand for missing ones",
        "a look at the largest and the most frequent values (kgmm inspect), --missing for a number that stands for a "
        "gap, or a larger σ (--sigma)",
    ),
    (
        r"left the box around the data",
        "trajectories of the model leave the range of the data",
        "a larger σ (--sigma), or more data",
    ),
    (
        r"never decorrelates|longer than the path",
        "a variable changes too slowly for the length of the data",
        "a longer record, or the data without their trend or season (--detrend, --anomalies monthly)",
    ),
    (
        r"too short for an autocorrelation",
        "the part of the data that is held out for the comparison is too short for the errors of autocorrelations",
        "more data",
    ),
    (
        r"no rescaling of the model's clock|eigenvalue that is not positive|no real logarithm"
        r"|linear inverse model grows|not positive definite",
        "no model of this kind has the time scales of the data",
        "states saved more often, further variables, or more data",
    ),
    (
        r"linearly dependent",
        "some of the variables follow from the others",
        "fewer variables (--variables)",
    ),
)  # fmt: skip


def in_plain_words(failure: str) -> tuple[str, str]:
    """What a failure means, and what may help; an unknown one is said as it is.

    Parameters
    ----------
    failure : str
        The message of a :class:`kgmm.ScientificFailure`.

    Returns
    -------
    tuple of str
        A clause, and what would help.

    Examples
    --------
    >>> in_plain_words("3 of 64 members left the box around the data (9 resets)")[0]
    'trajectories of the model leave the range of the data'
    >>> in_plain_words("it failed")
    ('it failed', 'more data')
    """
    for pattern, meaning, remedy in _MEANINGS:
        if re.search(pattern, failure):
            return meaning, remedy
    return failure, "more data"
