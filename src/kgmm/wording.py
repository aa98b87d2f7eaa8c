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


def shortened(names: Sequence[str], shown: int = 4) -> str:
    """Names with commas between them, of many the first and how many more there are.

    Examples
    --------
    >>> shortened("abcd"), shortened("abcdef")
    ('a, b, c, d', 'a, b, c, d and 2 more')
    """
    if len(names) <= shown:
        return ", ".join(names)
    return f"{', '.join(names[:shown])} and {len(names) - shown} more"
