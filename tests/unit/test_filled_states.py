"""States that were filled in, by whoever made the file or by an option, are found."""

import numpy as np
import pandas as pd
import pytest

import kgmm
from kgmm.statistics.diagnosis import diagnose

N = 3000


def relaxation(decay: float) -> np.ndarray:
    rng, x = np.random.default_rng(0), np.zeros(N)
    for k in range(1, N):
        x[k] = decay * x[k - 1] + (1 - decay**2) ** 0.5 * rng.standard_normal()
    return x


def with_gaps(share: float) -> pd.Series:
    x = pd.Series(relaxation(0.9))
    x[np.random.default_rng(1).random(N) < share] = np.nan
    x[[0, N - 1]] = 0.1
    return x


@pytest.mark.parametrize("precision", [np.float64, np.float32])
@pytest.mark.parametrize(
    ("fill", "said"), [("ffill", "repeat the one before"), ("interpolate", "lie on the line between their neighbours")]
)
def test_filled_states_are_found(fill, said, precision):
    x = getattr(with_gaps(0.3), fill)().to_numpy().astype(precision)
    (finding,) = diagnose(x)
    assert finding.kind == "filled" and said in finding.said
    # A few are no matter.
    assert diagnose(getattr(with_gaps(0.02), fill)().to_numpy()) == ()


def test_interpolated_files_are_told_of(tmp_path):
    pd.DataFrame({"time": np.arange(N), "x": with_gaps(0.3)}).to_csv(tmp_path / "x.csv", index=False)
    assert [one.kind for one in diagnose(kgmm.read(tmp_path / "x.csv", gaps="interpolate", max_gap=20))] == ["filled"]
    assert diagnose(kgmm.read(tmp_path / "x.csv", gaps="segments")) == ()


@pytest.mark.parametrize("series", ["slow", "rounded", "clipped", "chaotic"])
def test_states_that_were_measured_are_not_taken_for_filled(series):
    if series == "chaotic":
        x = kgmm.simulate("lorenz63", n_members=2, n_times=2000, interval=0.01, seed=1).values[..., 0].ravel()
    else:
        x = relaxation(0.9999) if series == "slow" else relaxation(0.9)
        x = x.round(1) if series == "rounded" else np.clip(x, -0.5, 0.5) if series == "clipped" else x
    assert "filled" not in {finding.kind for finding in diagnose(x)}
