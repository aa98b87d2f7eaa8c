"""The figure of a sweep on made-up tables: what its panels show."""

import itertools

import numpy as np
import pandas as pd
import pytest

from kgmm.figures.kinds import sweep
from kgmm.statistics.sweep_summary import MEAN
from tests.unit.figure_results import panels, title_of

_NONE = {"variable": None, "mobility": None}
_ENTROPY = {"variable": MEAN, "mobility": "identity", "statistic": "relative_entropy"}


def table(axes: dict, *statistics: dict, methods=("kgmm",)) -> pd.DataFrame:
    """A row per method, setting and statistic; values count up from one."""
    rows = []
    for number, (method, *values) in enumerate(itertools.product(methods, *axes.values()), 1):
        for statistic in statistics:
            row = {"method": method, **dict(zip(axes, values)), **_NONE, "value": float(number), "floor": np.nan}
            row |= {"interval_low": number - 0.5, "interval_high": number + 0.5, "n_failed": 0, "n_replicates": 3}
            rows.append(row | statistic)
    return pd.DataFrame(rows)


def test_one_axis_is_lines_with_intervals_and_the_floor():
    rows = table({"n_samples": [100, 1000, 10_000]}, {"statistic": "score_error"}, {**_ENTROPY, "floor": 0.25},
                 methods=("kgmm", "dsm"))  # fmt: skip
    dataset = sweep.gather(rows, [["n_samples"]])
    errors, entropies = panels(sweep.draw(dataset))
    assert errors.get_ylabel() == "score error against s" and errors.get_xlabel() == "training samples"
    assert errors.get_xscale() == "log"
    lines = {container.get_label(): container for container in errors.containers}
    assert set(lines) == {"KGMM network", "denoising score matching"}
    np.testing.assert_array_equal(lines["KGMM network"].lines[0].get_ydata(), [1, 2, 3])
    (bars,) = lines["KGMM network"].lines[2]
    np.testing.assert_allclose([bar[:, 1] for bar in bars.get_segments()], [[0.5, 1.5], [1.5, 2.5], [2.5, 3.5]])
    (floor,) = [line for line in entropies.lines if line.get_label() == "noise floor"]
    np.testing.assert_array_equal(floor.get_ydata(), [0.25, 0.25, 0.25])


def test_failures_are_crossed_and_leave_a_gap():
    rows = table({"n_samples": [100, 1000]}, {"statistic": "score_error"})
    rows.loc[1, ["value", "interval_low", "interval_high"]] = np.nan
    rows.loc[1, "n_failed"] = 3
    (ax,) = panels(sweep.draw(sweep.gather(rows, [["n_samples"]])))
    (crosses,) = [line for line in ax.lines if line.get_label() == "with failures"]
    np.testing.assert_array_equal(crosses.get_xdata(), [1000])


def test_a_setting_that_failed_altogether_is_in_the_figure():
    rows = table({"n_samples": [100, 1000]}, {"statistic": "score_error"})
    rows.loc[1, "statistic"] = "evaluation"
    rows.loc[1, ["value", "n_failed"]] = [np.nan, 3]
    dataset = sweep.gather(rows, [["n_samples"]])
    np.testing.assert_array_equal(dataset["n_failed"].squeeze(), [0, 3])
    np.testing.assert_array_equal(dataset["score_error_value"].squeeze(), [1, np.nan])


def test_two_axes_are_a_map_with_a_frame_around_the_lowest():
    rows = table({"sigma": [0.1, 0.2, 0.4], "min_probability": [0.01, 0.02]}, {"statistic": "score_error"})
    rows.loc[3, "value"] = 0.5  # sigma 0.2, p_min 0.02
    (ax,) = panels(sweep.draw(sweep.gather(rows, [["sigma"], ["min_probability"]])))
    assert [tick.get_text() for tick in ax.get_xticklabels()] == ["0.1", "0.2", "0.4"]
    assert [tick.get_text() for tick in ax.get_yticklabels()] == ["0.02", "0.01"]
    (frame,) = ax.patches
    assert (int(frame.get_x()), int(frame.get_y())) == (1, 0)
    assert {text.get_text() for text in ax.texts} == {"1", "2", "3", "0.5", "5", "6"}


def test_losses_are_compared_at_equal_sigma_only():
    rows = table({"sigma": [0.1, 0.2], "min_probability": [0.01, 0.02]}, {"statistic": "denoising_loss"})
    figure = sweep.draw(sweep.gather(rows, [["sigma"], ["min_probability"]]))
    (ax,) = panels(figure)
    assert [text.get_text() for text in ax.texts] == ["1", "1", "0", "0"]  # above the lowest of each column
    assert not ax.patches
    assert any("at the same σ" in ax.get_ylabel().replace("\n", " ") for ax in figure.axes)


@pytest.mark.parametrize(("methods", "n_columns"), [(("kgmm",), 2), (("kgmm", "dsm"), 4)])
def test_three_axes_are_small_multiples(methods, n_columns):
    axes = {"sigma": [0.1, 0.2], "min_probability": [0.01, 0.02], "network.hidden": ["8", "8-8"]}
    rows = table(axes, {"statistic": "score_error"}, _ENTROPY, methods=methods)
    figure = sweep.draw(sweep.gather(rows, [[name] for name in axes]))
    assert len(panels(figure)) == 2 * n_columns
    assert "hidden 8-8" in title_of(panels(figure)[n_columns - 1])


def test_paired_axes_are_named_settings_without_a_line():
    rows = table({"network.hidden": ["8", "8-8"]}, {"statistic": "score_error"})
    rows["network.steps"] = [10.0, None]
    dataset = sweep.gather(rows, [["network.hidden", "network.steps"]])
    (ax,) = panels(sweep.draw(dataset))
    assert [tick.get_text() for tick in ax.get_xticklabels()] == ["8 / 10", "8-8 / auto"]
    assert ax.containers[0].lines[0].get_linestyle() == "None"


def test_what_the_data_choose_is_called_auto():
    rows = table({"min_probability": [0.01, None]}, {"statistic": "score_error"})
    assert sweep.gather(rows, [["min_probability"]])["min_probability"].values.tolist() == ["0.01", "auto"]


def test_the_dataset_survives_its_file(tmp_path):
    import xarray as xr

    rows = table({"sigma": [0.1, 0.2], "system.parameters.rayleigh": [20, 28]}, {"statistic": "score_error"})
    dataset = sweep.gather(rows, [["sigma"], ["system.parameters.rayleigh"]])
    dataset.to_netcdf(tmp_path / "sweep.nc")
    with xr.open_dataset(tmp_path / "sweep.nc") as read:
        assert len(panels(sweep.draw(read.load()))) == 1
