"""A stationary Gaussian process carried to the law of the data by a flow: density and clock of Kuramoto–Sivashinsky.

Run: ``python benchmarks/transported_process.py PATH [PATH …] [--points 8]``, one thread; a ``PATH`` is the ``path.nc``
of the system that ``make dynamics`` leaves in ``results/store/simulate_trajectory/kuramoto_sivashinsky/``.

The model is ``x(t) = T(z(t))``. ``T`` carries the normal law to that of the data: it is the flow of an ordinary
differential equation whose velocity is fitted by flow matching (Lipman et al. 2023, arXiv:2210.02747). ``z`` is a
stationary Gaussian process of which only the autocovariances are free: they begin as those of the data, and are
corrected by what those of a simulation are off. There is no time step, nothing can be unstable, and the density does
not depend on the clock. Every fifth member is held out. Prints one row of a Markdown table for each path.
"""

from __future__ import annotations

import argparse
import time

import numpy as np
import torch
import xarray as xr

from kgmm.data.observation import RingView
from kgmm.data.samples import view_ring
from kgmm.score.batches import fit_batches
from kgmm.score.network import Network
from kgmm.statistics.autocorrelation import compare_autocorrelations
from kgmm.statistics.autocorrelation_floors import with_autocorrelation_floors
from kgmm.statistics.correlation import correlation
from kgmm.statistics.joint import compare_joint

HIDDEN, STEPS, BATCH = (192, 192, 192), 6000, 4096
FREQUENCIES = np.pi * torch.arange(1.0, 5.0)
FLOW_STEPS = 12  # of Runge and Kutta's fourth order
N_LAGS, TAPER = 200, 120  # of the process, and the lag from which its autocovariances fall to zero
CORRECTIONS, RELAXATION = 3, 1.1
N_MEMBERS, N_TIMES = 64, 1350


def with_time(x: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
    """States and time as the network takes them, ``(n, n_features + 8)``."""
    return torch.cat([x, torch.sin(t * FREQUENCIES), torch.cos(t * FREQUENCIES)], dim=1)


def flow_of(x: torch.Tensor, steps: int, seed: int) -> Network:
    """The velocity of the flow from the normal law to that of the rows of ``x``, which have unit covariance."""
    generator = torch.Generator().manual_seed(seed)

    def batch() -> tuple[torch.Tensor, torch.Tensor]:
        end = x[torch.randint(len(x), (BATCH,), generator=generator)]
        start = torch.randn(end.shape, generator=generator)
        t = torch.rand(BATCH, 1, generator=generator)
        return with_time((1.0 - t) * start + t * end, t), end - start

    d = x.shape[1]
    network = Network.random((d + 2 * len(FREQUENCIES), *HIDDEN, d), seed)
    return fit_batches(network, batch, optimizer="orthogonal", steps=steps).network


@torch.no_grad()
def carried(network: Network, z: np.ndarray) -> np.ndarray:
    """States ``T(z)`` of any leading shape."""

    def velocity(x: torch.Tensor, t: float) -> torch.Tensor:
        return network(with_time(x, torch.full((len(x), 1), t)))

    found, h = [], 1.0 / FLOW_STEPS
    for x in torch.from_numpy(z.reshape(-1, z.shape[-1]).astype(np.float32)).split(65_536):
        for k in range(FLOW_STEPS):
            first = velocity(x, k * h)
            second = velocity(x + 0.5 * h * first, (k + 0.5) * h)
            third = velocity(x + 0.5 * h * second, (k + 0.5) * h)
            x = x + h / 6.0 * (first + 2.0 * second + 2.0 * third + velocity(x + h * third, (k + 1) * h))
        found.append(x)
    return torch.cat(found).numpy().reshape(z.shape)


def gaussian_process(covariances: np.ndarray, n_members: int, n_times: int, seed: int) -> np.ndarray:
    """Paths of the stationary process with ``E[z_i(t + k) z_j(t)]``, ``(n_lags, d, d)``, as far as it has a spectrum.

    Negative eigenvalues of the spectrum are left out, and the variances brought back to one.
    """
    n_lags, d, _ = covariances.shape
    n, lags = 2 * n_times, np.arange(n_lags)
    fall = np.where(lags < TAPER, 1.0, 0.5 * (1.0 + np.cos(np.pi * (lags - TAPER) / (n_lags - TAPER))))
    around = np.zeros((n, d, d))
    around[:n_lags] = covariances * fall[:, None, None]
    around[n - n_lags + 1 :] = around[n_lags - 1 : 0 : -1].transpose(0, 2, 1)
    spectrum = np.fft.rfft(around, axis=0)
    values, vectors = np.linalg.eigh(0.5 * (spectrum + spectrum.conj().transpose(0, 2, 1)))
    roots = vectors * np.sqrt(np.maximum(values, 0.0))[:, None, :]
    variances = np.fft.irfft(np.einsum("fij,fij->fi", roots, roots.conj()).real, n, axis=0)[0]
    roots /= np.sqrt(variances)[None, :, None]
    rng = np.random.default_rng(seed)
    z = np.empty((n_members, n_times, d), np.float32)
    for member in z:
        noise = np.fft.rfft(rng.standard_normal((n, d)), axis=0)
        member[:] = np.fft.irfft(np.einsum("fij,fj->fi", roots, noise), n, axis=0)[:n_times]
    return z


def fitted_process(network: Network, wanted: np.ndarray, seed: int) -> np.ndarray:
    """Autocovariances of ``z`` with which those of ``T(z)`` are ``wanted``; all trials have the same noise."""
    own = wanted.copy()
    for trial in range(CORRECTIONS):
        found = correlation(carried(network, gaussian_process(own, N_MEMBERS, N_TIMES, seed)), len(wanted))
        print(f"    correction {trial}: rms {np.sqrt(np.mean((found - wanted)[:80] ** 2)):.4f}", flush=True)
        own += RELAXATION * (wanted - found)
        own[0] = np.eye(own.shape[1])
    return own


def measured(path: xr.DataArray, points: int, shifts: int, steps: int, seed: int) -> str:
    """A row of the table: fit to the first four fifths of the members, comparison with the last."""
    n_training = round(0.8 * path.sizes["member"])
    training, held_out = (
        view_ring(part.load(), RingView(points, shifts)) for part in (path[:n_training], path[n_training:])
    )
    start = time.process_time()
    states = training.values.reshape(-1, points)
    mean = states.mean(axis=0)
    values, vectors = np.linalg.eigh(np.cov(states[::11].T))
    into, back = vectors / np.sqrt(values), (vectors * np.sqrt(values)).T
    network = flow_of(torch.from_numpy(((states - mean) @ into).astype(np.float32)), steps, seed)
    flow_seconds = time.process_time() - start
    wanted = correlation((training.values[::4] - mean) @ into, N_LAGS)
    own = fitted_process(network, wanted, seed)
    seconds = time.process_time() - start
    x = carried(network, gaussian_process(own, 4 * N_MEMBERS, N_TIMES, seed + 1)) @ back + mean
    coordinates = {"time": training["time"], "variable": training["variable"]}
    model = xr.DataArray(x, dims=training.dims, coords=coordinates)
    other = training[: held_out.sizes["member"]]
    clock = with_autocorrelation_floors(compare_autocorrelations(held_out, model), held_out, other)
    by = {name: rows.set_index("variable") for name, rows in clock.groupby("statistic")}
    cells = [f"{by[name]['value'].max():.3f} ({by[name]['floor'].max():.3f})" for name in
             ("autocorrelation_error", "autocorrelation_error_5")]  # fmt: skip
    for name in ("decorrelation_time", "integrated_time"):
        off, floor = by[name]["value"] / by[name]["data_value"] - 1.0, by[name]["floor"] / by[name]["data_value"]
        cells.append(f"{100 * off.min():.0f} to {100 * off.max():.0f} ({100 * floor.max():.0f})")
    joint = compare_joint(held_out[:, ::5], model[:, ::5], other[:, ::5])
    joint = joint[joint["statistic"] == "joint_total_variation"]
    cells += [f"{joint['excess'].max():.3f}", f"{flow_seconds:.0f} + {seconds - flow_seconds:.0f}"]
    return f"| {points} | {' | '.join(cells)} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("paths", nargs="+")
    parser.add_argument("--points", type=int, default=8)
    parser.add_argument("--shifts", type=int, default=16)
    parser.add_argument("--steps", type=int, default=STEPS)
    options = parser.parse_args()
    torch.set_num_threads(1)
    rows = []
    for seed, file in enumerate(options.paths):
        with xr.open_dataset(file) as dataset:
            rows.append(measured(dataset["state"], options.points, options.shifts, options.steps, seed))
            print(rows[-1], flush=True)
    print(
        "| points | over one time (floor) | over five (floor) | 1/e times off by, % (floor) | integrated, % (floor) "
        "| total variation, worst pair, less floor | CPU s, flow + process |\n|---|---|---|---|---|---|---|"
    )
    print("\n".join(rows))


if __name__ == "__main__":
    main()
