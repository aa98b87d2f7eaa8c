"""The fitted mobility of the rotating potential, and what it does for the autocorrelations.

Run: ``python benchmarks/mobility.py``. Asymmetric potential with a rotation of 0.8, 5·10⁶ states of a path 0.01 apart,
in five replicates; models with the fitted mobility, with the identity in physical and in standardised coordinates.
Prints two Markdown tables.
"""

from __future__ import annotations

import numpy as np

from kgmm import KGMM, LangevinModel, ScoreModel, compare_autocorrelations, estimate_mobility, get_system, simulate

REPLICATES = 5
SYSTEM = get_system("asymmetric_potential", rotation=0.8)


def model_path(score: ScoreModel, mobility, initial: np.ndarray):
    """A path over thirty units of time of 1000 members, 0.05 apart."""
    model = LangevinModel(score, mobility)
    dt = model.choose_step(initial, longest=0.05).dt
    every = round(0.05 / dt)
    return model.sample(1000, 600 * every, dt, save_every=every, burn_in=100 * every * dt, initial=initial, seed=2)


def main() -> None:
    entries, errors = [], {}
    for seed in range(REPLICATES):
        path = simulate(SYSTEM, n_members=1000, n_times=5000, interval=0.01, seed=seed)
        samples = simulate(SYSTEM, n_members=10_000, n_times=40, seed=100 + seed).values.reshape(-1, 2)
        mobility = estimate_mobility(path)
        entries.append((mobility.matrix, mobility.stderr))
        if seed == 0:
            score = ScoreModel.fit(KGMM(0.05, 1e-3, max_draws=16).fit(samples))
            held_out = simulate(SYSTEM, n_members=1000, n_times=1000, interval=0.05, seed=200)
            initial = samples[:: len(samples) // 1000][:1000].astype(float)
            models = {"fitted": mobility, "identity, physical": np.eye(2), "identity, standardised": None}
            for name, phi in models.items():
                found = compare_autocorrelations(held_out, model_path(score, phi, initial))
                errors[name] = found.set_index(["statistic", "variable"])
    exact = SYSTEM.mobility()
    print("| entry | exact | median | smallest | largest | largest error, % | standard error |")
    print("|---|---|---|---|---|---|---|")
    for at in np.ndindex(2, 2):
        values = np.array([matrix[at] for matrix, _ in entries])
        worst = 100 * np.abs(values / exact[at] - 1).max()
        print(
            f"| {at[0] + 1},{at[1] + 1} | {exact[at]:g} | {np.median(values):.3f} | {values.min():.3f} | "
            f"{values.max():.3f} | {worst:.1f} | {np.median([stderr[at] for _, stderr in entries]):.3f} |"
        )
    print("\n| mobility of the model | variable | rms difference, one time | five times | ratio to fitted, five |")
    print("|---|---|---|---|---|")
    for name, found in errors.items():
        for variable in ("x1", "x2"):
            first, five = (found.loc[(f"autocorrelation_error{s}", variable)] for s in ("", "_5"))
            ratio = five["value"] / errors["fitted"].loc[("autocorrelation_error_5", variable), "value"]
            print(
                f"| {name} | {variable} | {first['value']:.3f} ± {first['stderr']:.3f} | "
                f"{five['value']:.3f} ± {five['stderr']:.3f} | {ratio:.1f} |"
            )


if __name__ == "__main__":
    main()
