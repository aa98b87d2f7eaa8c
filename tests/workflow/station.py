"""Observations of a linear process in a file, and a configuration of them."""

from __future__ import annotations

import copy

import numpy as np
import pandas as pd
from scipy.linalg import solve_continuous_lyapunov

from tests.statistical.exact_laws import linear_paths

# dX = A X dt + B dW: correlated variables, one slower than the other.
DRIFT = np.array([[-1.0, 0.9], [0.0, -0.6]])
COVARIANCE = solve_continuous_lyapunov(DRIFT, -np.diag([1.0, 0.5]))
STEP, N_TIMES = 0.5, 4000
MINE = {
    "name": "mine",
    "seed": 3,
    "defaults": {
        # For the blocks that are simulated; there is none.
        "simulation": {"n_members": 200},
        "langevin": {"n_members": 200, "n_times": 10, "burn_in": 5.0, "path_length": 20.0, "path_members": 2},
        "evaluation": {"n_points": 500},
    },
    "experiments": [
        {
            "name": "station",
            "title": "Wind and pressure",
            "system": {
                "kind": "dataset", "name": "station", "path": "data/series.csv", "variables": ["wind", "pressure"],
            },
            "estimator": {"sigma": 0.2, "min_probability": 0.02, "max_draws": 8, "method": ["kgmm", "kgmm_cells"]},
            "network": {"hidden": [16], "max_iterations": 100},
        }
    ],
}  # fmt: skip


def series(seed=0) -> pd.DataFrame:
    """Wind and pressure; the latter around a thousand."""
    values = linear_paths(DRIFT, COVARIANCE, STEP, 1, N_TIMES, seed)[0]
    times = 100 + STEP * np.arange(N_TIMES)
    return pd.DataFrame({"time": times, "wind": values[:, 0], "pressure": 1000 + values[:, 1], "note": "none"})


def write(project, table, name="series.csv"):
    (project.root / "data").mkdir(exist_ok=True)
    table.to_csv(project.root / "data" / name, index=False)


def changed(**settings) -> dict:
    """The configuration with other settings of its block."""
    config = copy.deepcopy(MINE)
    for section, values in settings.items():
        block = config["experiments"][0]
        block[section] = {**block.get(section, {}), **values} if isinstance(values, dict) else values
    return config
