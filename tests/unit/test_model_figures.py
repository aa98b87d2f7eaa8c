"""Figures of models of two and more variables: data beside models, differences, bands of errors."""

import numpy as np
import pytest
import xarray as xr

from kgmm.figures.drawing import draw
from tests.unit.figure_results import gather, panels, rows_of, title_of, write_comparison


def test_planar_figure(tmp_path):
    dataset = gather(rows_of(tmp_path, 2, (0.1,)))
    assert dataset.attrs["kind"] == "planar"
    axes = panels(draw(dataset))
    # Two each: paths, marginals of three panels, autocorrelations; three fields; data and model, model less data.
    assert len(axes) == 2 + 6 + 2 + 3 + 2
    titles = [title_of(ax) for ax in axes]
    assert {"exact score", "KGMM network", "their difference", "model − data"} <= set(titles)
    assert axes[0].get_ylabel() == "v0"
    assert len(axes[0].get_lines()) == 2
    unknown = panels(draw(dataset.drop_vars("field_exact")))
    assert len(unknown) == 13 and all(ax.has_data() for ax in unknown)  # no panel for a score that is not known


@pytest.mark.parametrize("dimension", [1, 2, 3])
def test_a_fitted_mobility_is_drawn_beside_the_identity(tmp_path, dimension):
    sigmas = (0.1, 0.5) if dimension == 1 else (0.1,)
    dataset = gather(rows_of(tmp_path, dimension, sigmas, with_fitted=True))
    axes = panels(draw(dataset))
    correlations = [ax for ax in axes if ax.get_xlabel() == "lag τ"]
    assert len(correlations) == max(2, dimension)
    for ax in correlations:
        assert len(ax.get_lines()) == 4  # zero, data, and the two models
        np.testing.assert_allclose(ax.get_lines()[1].get_xdata(), 0.5 * np.arange(7))
    paths = [ax for ax in axes if ax.get_xlabel() == "time t"]
    assert len(paths) == max(2, dimension)
    differences = [ax for ax in axes if title_of(ax) == "model − data"]
    assert len(differences) == {1: 0, 2: 1, 3: 3}[dimension]
    for pair, ax in enumerate(differences):
        expected = dataset["joint_curve_fitted"][pair] - dataset["joint_curve_data"][pair]
        np.testing.assert_allclose(ax.collections[0].get_array(), expected.values.T)


def test_bands_are_two_standard_errors(tmp_path):
    dataset = gather(rows_of(tmp_path, 3, (0.1,), with_fitted=True))
    correlation = next(ax for ax in panels(draw(dataset)) if ax.get_xlabel() == "lag τ")
    heights = {band.get_label(): band for band in correlation.collections}
    assert len(correlation.collections) == 3  # data and two models
    path = next(iter(heights.values())).get_paths()[0].vertices
    rho, error = (dataset[f"autocorrelation_data{end}"][:, 0].values for end in ("", "_stderr"))
    np.testing.assert_allclose(path[:, 1].max(), (rho + 2 * error).max())


def test_differences_share_one_scale_with_those_of_the_blurred_data(tmp_path):
    axes = panels(draw(gather(rows_of(tmp_path, 2, (0.1,), blurred=True))))
    model, blurred = (
        next(ax for ax in axes if title_of(ax) == title).collections[0]
        for title in ("model − data", "blurred data − data")
    )
    low, high = model.get_clim()
    assert (low, high) == blurred.get_clim() and low == -high
    assert "blurred data" in {line.get_label() for ax in axes for line in ax.lines}


def test_residuals_are_those_of_the_model(tmp_path):
    dataset = gather(rows_of(tmp_path, 3, (0.1,), with_fitted=True))
    residual = next(ax for ax in panels(draw(dataset)) if ax.get_ylabel() == "minus\ndata")
    expected = dataset["density_fitted"][0] - dataset["density_data"][0]
    np.testing.assert_allclose(residual.lines[-1].get_ydata(), expected)


@pytest.mark.parametrize("dimension", [3, 4])
def test_multivariate_figure(tmp_path, dimension):
    dataset = gather(rows_of(tmp_path, dimension, (0.1,)))
    assert dataset.attrs["kind"] == "multivariate"
    axes = panels(draw(dataset))
    # Paths, marginals of three panels, autocorrelations; of three pairs data and model, model less data.
    assert len(axes) == 3 + 9 + 3 + 6
    assert [ax.get_ylabel() for ax in axes[:3]] == ["v0", "v1", "v2"]
    assert axes[15].get_xlabel() == "v0" and axes[15].get_ylabel() == "v1"


def test_a_circulation_that_depends_on_the_state_stands_beside_the_constant_mobility(tmp_path):
    first = rows_of(tmp_path, 3, (0.1,), with_fitted=True)[0]
    state = tmp_path / "state.nc"
    write_comparison(state, 3, "state")
    dataset = gather([first, first | {"comparison_fitted": str(state)}])
    assert (dataset.attrs["mobility"], dataset.attrs["constant_mobility"]) == ("state", "slope")
    with xr.open_dataset(first["comparison_fitted"]) as constant, xr.open_dataset(state) as own:
        np.testing.assert_array_equal(dataset["autocorrelation_constant"], constant["autocorrelation_model"])
        np.testing.assert_array_equal(dataset["autocorrelation_fitted"], own["autocorrelation_model"])
    correlation = next(ax for ax in panels(draw(dataset)) if ax.get_xlabel() == "lag τ")
    labels = [line.get_label() for line in correlation.lines[1:]]
    assert labels == ["held-out data", "model, Φ state", "model, Φ slope", "model, Φ = I"]
    # By itself neither has another beside it.
    assert "autocorrelation_constant" not in gather([first])
