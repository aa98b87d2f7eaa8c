"""Trajectories whose numbers tell where they come from, and their files."""

import numpy as np

from kgmm.data.trajectory import as_trajectory, open_trajectory, write_trajectory

N_RING = 6


def trajectory(n_members, n_times, n_features=N_RING):
    """Entry = 10000·member + 10·time + variable: every number is unique and tells where it comes from."""
    member, time, variable = np.ogrid[:n_members, :n_times, :n_features]
    values = (10_000.0 * member + 10.0 * time + variable).astype(np.float32)
    return as_trajectory(values, [f"u{k}" for k in range(n_features)], 0.5, system="numbers")


def stored(path, source):
    write_trajectory(
        path, [source.values], n_members=source.shape[0], n_times=source.shape[1],
        variables=list(source["variable"].values), interval=0.5, attributes={},
    )  # fmt: skip
    return open_trajectory(path)
