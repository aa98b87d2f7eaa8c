"""Figures of the estimator, of results made by hand: errors over noise and cells, races, fits."""

import numpy as np
import xarray as xr

from kgmm.figures.drawing import draw
from kgmm.figures.kinds.training import _label as training_label
from kgmm.figures.registry import figure_kind
from tests.unit.figure_results import estimator_rows, gather, metrics_file, panels, results_of, title_of, training_page


def test_noise_amplification_has_all_methods_and_replicates(tmp_path):
    rows = [
        row
        for method in ("gmm", "dsm", "kgmm_cells", "kgmm")
        for row in estimator_rows(tmp_path, "noise_amplification", method, sigma=(0.1, 0.5), replicate=(0, 1, 2))
    ]
    dataset = gather(rows)
    assert dataset.attrs["kind"] == "noise_amplification"
    errors = dataset["score_error"].transpose("method", "sigma", "replicate").values
    np.testing.assert_array_equal(errors, np.tile(1.0 + np.arange(6.0).reshape(2, 3), (4, 1, 1)))
    left, right = panels(draw(dataset))
    named = [[line for line in ax.lines if not line.get_label().startswith("_")] for ax in (left, right)]
    assert [len(lines) for lines in named] == [5, 4]  # the smoothing bias is an error against s alone
    low, high = left.containers[0].lines[1]
    ends = [np.asarray(line.get_ydata(), dtype=float) for line in (low, high)]
    np.testing.assert_allclose(ends, [[1.0, 4.0], [3.0, 6.0]])
    assert "ranges of up to 3 data sets" in figure_kind("noise_amplification").caption(dataset)
    single = dataset.isel(replicate=[0])
    assert "range" not in figure_kind("noise_amplification").caption(single)
    np.testing.assert_array_equal(left.lines[0].get_ydata(), [2.0, 5.0])  # medians


def test_error_map_names_the_largest_term(tmp_path):
    dataset = gather(estimator_rows(tmp_path, "error_map", n_samples=(100, 1000), min_probability=(0.1,), sigma=(0.1,)))
    assert dataset.attrs["kind"] == "error_map"
    figure = draw(dataset)
    texts = [text.get_text() for ax in figure.axes for text in ax.texts]
    # The term of the cells is 0 in the first field and 1 in the second; that of the data is 0.3 in both.
    assert texts == ["1\ndata", "2\ncells"]


def test_error_map_of_settings_that_are_left_to_the_data(tmp_path):
    rows = estimator_rows(tmp_path, "error_map", n_samples=(100, None), min_probability=(None, 0.1), sigma=(0.1,))
    dataset = gather(rows)
    dataset.to_netcdf(tmp_path / "figure.nc")
    first, second, _ = draw(dataset).axes
    assert [title_of(first), title_of(second)] == ["100 samples", "all samples"]
    assert [text.get_text() for text in first.get_yticklabels()] == ["auto", "0.1"]


def test_a_failed_method_has_no_error(tmp_path):
    rows = estimator_rows(tmp_path, "noise_amplification", sigma=(0.1, 0.5))
    metrics_file(tmp_path / "failed.nc", "other", score_error=3.0)
    rows[1]["evaluation"] = str(tmp_path / "failed.nc")
    np.testing.assert_array_equal(gather(rows)["score_error"].squeeze(), [1.0, np.nan])


def race_file(tmp_path):
    methods = ["kgmm", "dsm", "dsm_antithetic"]
    way = ("run", "checkpoint")
    results = xr.Dataset(
        {
            "method": ("run", methods), "label": ("run", ["a", "b", "b"]), "relative_entropy": ("run", [0.1, 0.2, 0.3]),
            "final_denoising_loss": ("run", [-3.0, -2.0, -1.0]), "denoising_loss": (way, -np.ones((3, 2))),
        },
        attrs={"entropy_floor": 0.01},
    )  # fmt: skip
    times = xr.Dataset({"seconds": (way, np.ones((3, 2))), "total": ("run", [1.0, 2.0, 3.0])})
    results.to_netcdf(tmp_path / "race.nc")
    times.to_netcdf(tmp_path / "times.nc")
    row = {"system": "test", "method": "kgmm", "sigma": 0.1, "replicate": 0, "figure": "auto", "evaluation": None}
    return [row | {"race": str(tmp_path / "race.nc"), "times": str(tmp_path / "times.nc")}]


def test_race_shows_what_was_measured(tmp_path):
    dataset = gather(race_file(tmp_path))
    assert dataset.attrs["kind"] == "race"
    loss, entropy = panels(draw(dataset))  # no exact score: two panels
    ends = {line.get_label(): line.get_xydata() for line in loss.lines if not line.get_label().startswith("_")}
    np.testing.assert_array_equal(ends["KGMM (clustering included)"], [[1.0, -3.0]])
    np.testing.assert_array_equal(ends["DSM, antithetic draws"], [[3.0, -1.0]])
    assert "noise floor" in [line.get_label() for line in entropy.lines]


def test_fits_are_told_apart_also_where_a_setting_is_left_to_the_data():
    rows = results_of(
        [
            {"system": "x", "method": "kgmm", "sigma": 0.1, "min_probability": p_min, "n_samples": n}
            for p_min, n in ((None, 1000), (0.01, None))
        ]
    )
    assert [training_label(row, rows) for row in rows] == ["p_min = auto, n = 1000", "p_min = 0.01, n = all"]


def test_fits_show_the_state_that_was_kept(tmp_path):
    losses = {
        "iteration": ("evaluation", [0, 1, 2]), "loss": ("evaluation", [3.0, 2.0, 1.0]),
        "validation_loss": ("evaluation", [3.0, 1.5, 2.5]), "kept": ((), 1),
    }  # fmt: skip
    xr.Dataset(losses).to_netcdf(tmp_path / "score.nc")
    rows = estimator_rows(tmp_path, "auto", sigma=(0.1, 0.5))
    rows[0]["score"] = str(tmp_path / "score.nc")
    dataset = training_page(rows)
    assert dataset.sizes == {"fit": 1, "evaluation": 3}
    (ax,) = panels(draw(dataset))
    marked = [line for line in ax.lines if len(line.get_xdata()) == 1]
    np.testing.assert_array_equal(marked[0].get_xydata(), [[1.0, 1.5]])
    assert "σ = 0.1" in [text.get_text() for text in ax.get_legend().get_texts()]
    for row in rows:
        row["score"] = None
    assert training_page(rows).attrs["kind"] == "empty"
