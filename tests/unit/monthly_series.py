"""A monthly series of one variable, tables of it, and what the command line says of them."""

import numpy as np
import pandas as pd

from kgmm.cli.main import main

N = 360


def relaxation(n_times: int = N, decay: float = 0.9) -> np.ndarray:
    """An autoregressive series with unit variance."""
    rng, x = np.random.default_rng(11), np.zeros(n_times)
    for k in range(1, n_times):
        x[k] = decay * x[k - 1] + (1 - decay**2) ** 0.5 * rng.standard_normal()
    return x


X = relaxation()
MONTH = 365.2425 / 12
MONTHS = pd.date_range("1951-01-01", periods=N, freq="MS")
DAYS = pd.date_range("1999-06-01", periods=N, freq="D")


def said(capsys, *arguments) -> str:
    """What the command line says on both streams."""
    main([str(argument) for argument in arguments])
    captured = capsys.readouterr()
    return captured.out + captured.err


def lines_of(times, header: str = "", separator: str = ",") -> str:
    """A table of times and X."""
    return header + "".join(f"{time}{separator}{x:.6f}\n" for time, x in zip(times, X))
