"""Lists in sentences."""

from __future__ import annotations

from collections.abc import Sequence


def listed(words: Sequence[str]) -> str:
    """Words with commas between them, and an "and" before the last.

    Examples
    --------
    >>> listed(["trend", "season", "transform"]), listed(["trend"])
    ('trend, season and transform', 'trend')
    """
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)
