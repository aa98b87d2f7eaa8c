"""What a kind of file is: a function that writes it and says what is in it, and the series that all kinds hold."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

N = 120
X = np.round(np.random.default_rng(7).standard_normal((N, 2)) * 64) / 64
MONTH = 365.2425 / 12
MONTHS = pd.date_range("1951-01-01", periods=N, freq="MS")
DAYS = pd.date_range("1958-12-20", periods=N, freq="D")
KINDS: dict = {}


@dataclass
class Kind:
    """What a file holds, and how it is asked for."""

    content: str | bytes | None = None
    step: float = 1.0
    names: list[str] = field(default_factory=lambda: ["u", "v"])
    values: np.ndarray = field(default_factory=lambda: X)
    options: dict = field(default_factory=dict)
    variables: list[str] | None = None
    refused: str | None = None


def kind(name: str):
    """Registers the writer of a kind under the name of its file."""

    def register(write):
        KINDS[name if name not in KINDS else f"{write.__name__}/{name}"] = write
        return write

    return register


def rows(separator=",", times=range(N), decimal=".", columns=X) -> str:
    def text(value) -> str:
        return str(value).replace(".", decimal) if isinstance(value, (float, np.floating)) else str(value)

    return "".join(
        separator.join([text(time), *(text(float(value)) for value in row)]) + "\n" for time, row in zip(times, columns)
    )
