"""Are the default time step and precision of every system fine enough? Means and deviations at dt and at dt/2.

Run: ``python benchmarks/step_halving.py [system …]``. The two runs are independent; errors are from blocks of members.
The last column is the difference in standard errors: beyond about 3 the bias of the step would show at this size. The
rows with float64 compare double precision at dt with single precision at dt/2. Controls: the published step of the
asymmetric potential, 0.05 with Euler–Maruyama, and 0.02. Prints a Markdown table.
"""

from __future__ import annotations

import sys

import numpy as np

from kgmm import DivergenceError, get_system, simulate, system_names
from kgmm.statistics.comparison import block_deviation, block_mean

# Members and times: as many samples as a minute or so allows.
SIZES = {"kuramoto_sivashinsky": (1000, 40), "lorenz96": (4000, 20)}
SIZE = (10_000, 50)
MAX_VARIABLES = 8


def moments(name: str, seed: int, **options) -> dict:
    n_members, n_times = SIZES.get(name, SIZE)
    values = simulate(name, n_members=n_members, n_times=n_times, seed=seed, **options).values.astype(float)
    variables, result = get_system(name).variables, {}
    if len(variables) > MAX_VARIABLES:  # a ring, whose variables have one law
        values, variables = values.reshape(n_members, -1, 1), ("u",)
    for k, variable in enumerate(variables):
        result[f"mean of {variable}"] = block_mean(values[:, :, k])
        result[f"deviation of {variable}"] = block_deviation(values[:, :, k])
    return result


def compare(name: str, label: str, fine: dict, **options) -> None:
    try:
        coarse = moments(name, 1, **options)
    except DivergenceError as failure:
        print(f"| {name} | {label} | {str(failure).split(': ', 1)[1]} | | | | |", flush=True)
        return
    for statistic, (value, stderr) in coarse.items():
        difference = value - fine[statistic].value
        error = np.hypot(stderr, fine[statistic].stderr)
        print(
            f"| {name} | {label} | {statistic} | {value:.5f} | {fine[statistic].value:.5f} | {error:.5f} "
            f"| {difference / error:+.1f} |",
            flush=True,
        )


def main(names: list[str]) -> None:
    print("| system | scheme, dt | statistic | at dt | at dt/2 | error of the difference | in errors |")
    print("|---|---|---|---|---|---|---|")
    for name in names:
        defaults = get_system(name).defaults
        fine = moments(name, 2, dt=defaults.dt / 2)
        compare(name, f"{defaults.scheme}, {defaults.dt:g}", fine)
        compare(name, f"{defaults.scheme}, {defaults.dt:g}, float64", fine, precision="float64")
        if name == "asymmetric_potential":
            for dt in (0.05, 0.02):
                compare(name, f"euler_maruyama, {dt} (control)", fine, scheme="euler_maruyama", dt=dt)


if __name__ == "__main__":
    main(sys.argv[1:] or system_names())
