"""Figures on synthetic data: what they show, not their pixels."""

import itertools
from types import SimpleNamespace

import numpy as np
import pytest
import xarray as xr
from matplotlib.legend import Legend

from kgmm import get_system
from kgmm.data.trajectory import as_trajectory
from kgmm.figures import drawing
from kgmm.figures.drawing import draw, page_of, publish
from kgmm.figures.kinds.training import _label as training_label
from kgmm.figures.registry import figure_kind, figure_kinds
from kgmm.figures.style import letter, new_figure
from kgmm.jobs.failures import write_failed
from kgmm.results import ExperimentResult
from kgmm.statistics.curves import joint_densities, marginal_densities, ring_densities
from kgmm.statistics.description import describe
from kgmm.statistics.metrics import metric_variables

RNG = np.random.default_rng(0)
N_BINS = 12


@pytest.mark.parametrize(("index", "mark"), [(0, "(a)"), (25, "(z)"), (26, "(aa)"), (51, "(az)"), (52, "(ba)")])
def test_panels_beyond_the_alphabet_have_two_letters(index, mark):
    ax = new_figure(1, 1).subplots()
    letter(ax, index)
    assert ax.get_title(loc="left") == mark


def write_evaluation(path, dimension, sigma):
    variables = metric_variables([{"method": "kgmm", "statistic": "score_error", "value": 0.1}])
    if dimension == 1:
        x = np.linspace(-2, 2, 50)
        variables |= {"x": ("point", x), "exact": ("point", -x), "smoothed": ("point", -0.9 * x)}
        variables |= {f"score_{method}": ("point", -x + 0.1) for method in ("kgmm", "gmm")}
        variables |= {name: ("draw", RNG.standard_normal(30)) for name in ("cloud_x", "cloud_score")}
        n_cells = round(1 / sigma)
        for name in ("cell_center", "cell_score", "cell_stderr"):
            variables[name] = (("cell", "variable"), np.abs(RNG.standard_normal((n_cells, 1))))
    elif dimension == 2:
        points = RNG.standard_normal((20, 2))
        variables |= {name: (("grid", "variable"), points) for name in ("field_point", "field_exact", "field_kgmm")}
    xr.Dataset(variables, coords={"variable": [f"v{k}" for k in range(dimension)]}).to_netcdf(path)


def write_comparison(path, dimension, mobility="identity", ring=False, blurred=False):
    pairs = [(i, j) for i in range(dimension) for j in range(i + 1, dimension)]
    variables = metric_variables([{"statistic": "mean", "value": 0.0}])
    variables["bin_center"] = (("variable", "bin"), np.tile(np.arange(float(N_BINS)), (dimension, 1)))
    variables["curve_point"] = (("variable", "curve"), np.tile(np.linspace(0, N_BINS, 20), (dimension, 1)))
    for kind in ("data", "model"):
        variables[f"density_{kind}"] = (("variable", "bin"), RNG.random((dimension, N_BINS)))
        variables[f"curve_{kind}"] = (("variable", "curve"), RNG.random((dimension, 20)))
        variables[f"path_{kind}_time"] = (f"{kind}_time", np.arange(9.0))
        variables[f"path_{kind}"] = ((f"{kind}_time", "variable"), RNG.standard_normal((9, dimension)))
        variables[f"autocorrelation_{kind}"] = (("lag", "variable"), RNG.random((7, dimension)))
        variables[f"autocorrelation_{kind}_stderr"] = (("lag", "variable"), 0.1 * RNG.random((7, dimension)))
        variables[f"density_{kind}_stderr"] = (("variable", "bin"), RNG.random((dimension, N_BINS)))
        if pairs:
            variables[f"joint_curve_{kind}"] = (("pair", "first_bin", "second_bin"), RNG.random((len(pairs), 6, 6)))
            variables[f"joint_{kind}"] = (("pair", "first_bin", "second_bin"), RNG.random((len(pairs), 6, 6)))
    if blurred:
        variables["curve_blurred"] = (("variable", "curve"), RNG.random((dimension, 20)))
        variables["joint_curve_blurred"] = (("pair", "first_bin", "second_bin"), RNG.random((len(pairs), 6, 6)))
    variables["lag_time"] = ("lag", 0.5 * np.arange(7))
    if ring:
        samples = (RNG.standard_normal((n, dimension)) for n in (200, 100))
        variables |= ring_densities(*samples, sigma=0.1)
    if pairs:
        variables["joint_pair"] = (("pair", "end"), np.array(pairs))
        variables["joint_edge"] = (("variable", "joint_edges"), np.tile(np.arange(7.0), (dimension, 1)))
    xr.Dataset(
        variables, coords={"variable": [f"v{k}" for k in range(dimension)]}, attrs={"mobility": mobility}
    ).to_netcdf(path)


def results_of(rows: list[dict]) -> list[ExperimentResult]:
    return [
        ExperimentResult("block", **{name: value for name, value in row.items() if name != "figure"}) for row in rows
    ]


def gather(rows: list[dict]) -> xr.Dataset:
    """The figure that the rows name, of their results."""
    return drawing.gather(results_of(rows), rows[0]["figure"])


def training_page(rows: list[dict]) -> xr.Dataset:
    return drawing.training_page(results_of(rows))


def rows_of(folder, dimension, sigmas, with_model=True, with_fitted=False, blurred=False):
    rows = []
    for sigma in sigmas:
        evaluation, comparison = folder / f"e{sigma}.nc", folder / f"c{sigma}.nc"
        write_evaluation(evaluation, dimension, sigma)
        if with_model:
            write_comparison(comparison, dimension, blurred=blurred)
        row = {"system": "test", "method": "kgmm", "sigma": sigma, "replicate": 0, "evaluation": str(evaluation)}
        row |= {"figure": "auto", "race": None, "score": None, "min_probability": 0.01, "n_samples": 1000}
        row["comparison_fitted"] = None
        if with_fitted:
            row["comparison_fitted"] = str(folder / f"f{sigma}.nc")
            write_comparison(row["comparison_fitted"], dimension, "slope")
        rows.append(row | {"comparison": str(comparison) if with_model else None})
    return rows


def panels(figure):
    """Axes that show something, without those of colour bars."""
    return [ax for ax in figure.axes if ax.get_label() != "<colorbar>"]


def test_score_profiles_have_a_column_for_each_sigma_in_order(tmp_path):
    dataset = gather(rows_of(tmp_path, 1, (0.5, 0.1)))
    assert dataset.attrs["kind"] == "score_profiles"
    np.testing.assert_array_equal(dataset["sigma"], [0.1, 0.5])
    assert dataset.sizes["cell"] == 10  # 10 cells at σ = 0.1; the 2 at σ = 0.5 are filled up
    assert int(np.isfinite(dataset["cell_center"].values).sum()) == 12
    figure = draw(dataset)
    axes = panels(figure)
    assert [ax.get_title() for ax in axes[:2]] == ["σ = 0.1", "σ = 0.5"]
    assert len(axes) == 8  # two columns: score, density, path, autocorrelation
    assert all(ax.get_xlabel() == "v0" for ax in axes[:4])
    assert all(ax.get_xlabel() == "lag τ" for ax in axes[6:])
    assert [axes[k].get_ylabel() for k in (0, 2, 4, 6)] == [
        "score  ∂ log p / ∂v0", "density  p(v0)", "v0", "autocorrelation of v0",
    ]  # fmt: skip
    labels = {text.get_text() for text in figure.legends[0].get_texts()}
    assert {"exact", "direct GMM score", "KGMM network", "KGMM cells ± standard error"} <= labels
    assert len(labels) == len(figure.legends[0].get_texts())  # a name once, though scores and densities have it
    network = next(line for line in axes[0].get_lines() if line.get_label() == "KGMM network")
    np.testing.assert_allclose(network.get_ydata(), -network.get_xdata() + 0.1)


def test_a_single_score_profile_is_two_by_two(tmp_path):
    axes = panels(draw(gather(rows_of(tmp_path, 1, (0.1,)))))
    corners = [ax.get_subplotspec() for ax in axes]
    assert [(c.rowspan.start, c.colspan.start) for c in corners] == [(0, 0), (0, 1), (1, 0), (1, 1)]
    assert [ax.get_xlabel() for ax in axes] == ["v0", "v0", "time t (of the model with Φ = I: arbitrary)", "lag τ"]


def test_a_score_is_shown_where_its_data_are(tmp_path):
    """A sample far out does not squeeze the rest; a long line of cells does not hide the curves."""
    rows = rows_of(tmp_path, 1, (0.1,), with_model=False)
    with xr.open_dataset(rows[0]["evaluation"]) as evaluation:
        far = evaluation.load().assign(x=("point", np.linspace(-2, 40, 50)))
    far["cell_center"][:] = np.linspace(-1, 1, 10)[:, None]
    far.to_netcdf(rows[0]["evaluation"])
    (ax,) = panels(draw(gather(rows)))
    np.testing.assert_allclose(ax.get_xlim(), [-1.6 - 0.16, 1.6 + 0.16])
    many = far.isel(cell=np.tile(np.arange(10), 7))
    many.to_netcdf(rows[0]["evaluation"])
    (ax,) = panels(draw(gather(rows)))
    network = next(line for line in ax.get_lines() if line.get_label() == "KGMM network")
    assert ax.containers[0].lines[0].get_zorder() < network.get_zorder()


def drawn_figures(folder):
    for dimension, sigmas in ((1, (0.1, 0.2, 0.3, 0.5)), (2, (0.1,)), (3, (0.1,))):
        yield gather(rows_of(folder, dimension, sigmas, with_fitted=True, blurred=dimension > 1))
    yield gather(ring_rows(folder, (8, 4)))
    metrics = [
        {"statistic": name, "variable": "x", "value": 0.1, "stderr": 0.01, "floor": 0.01}
        for name in ("relative_entropy", "joint_total_variation", "autocorrelation_error_5", "reversible_bound")
    ]
    yield model_summary(folder, metrics=metrics, mobility="slope")


def test_no_legend_lies_over_another_text_of_its_figure(tmp_path):
    for dataset in drawn_figures(tmp_path):
        figure = draw(dataset)
        figure.draw_without_rendering()
        page = figure.bbox
        legends = [legend.get_window_extent() for legend in figure.findobj(Legend)]
        letters = [ax._left_title.get_window_extent() for ax in panels(figure)]
        assert legends and not any(box.overlaps(other) for box in legends for other in letters), dataset.attrs
        assert not any(a.overlaps(b) for a, b in itertools.combinations(legends, 2)), dataset.attrs
        assert all(box.x0 >= page.x0 - 1 and box.x1 <= page.x1 + 1 for box in legends), dataset.attrs


def test_score_profiles_without_a_model_have_one_row(tmp_path):
    assert len(panels(draw(gather(rows_of(tmp_path, 1, (0.1,), with_model=False))))) == 1


def test_planar_figure(tmp_path):
    dataset = gather(rows_of(tmp_path, 2, (0.1,)))
    assert dataset.attrs["kind"] == "planar"
    axes = panels(draw(dataset))
    # Two each: paths, marginals of three panels, autocorrelations; three fields; data and model, model less data.
    assert len(axes) == 2 + 6 + 2 + 3 + 2
    titles = [ax.get_title() for ax in axes]
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
    differences = [ax for ax in axes if ax.get_title() == "model − data"]
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
        next(ax for ax in axes if ax.get_title() == title).collections[0]
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


def test_names_are_no_formulas(tmp_path):
    rows = rows_of(tmp_path, 3, (0.1,))
    dataset = gather(rows).assign_coords(variable=[r"$\frac$", "a_b$", "c^2"])
    publish(dataset, *(tmp_path / f"x.{suffix}" for suffix in ("png", "pdf", "nc")))
    with xr.open_dataset(tmp_path / "x.nc") as stored:
        assert list(stored["variable"].values) == [r"$\frac$", "a_b$", "c^2"]
    with pytest.raises(ValueError):
        draw(dataset).savefig(tmp_path / "y.png")


def test_no_picture_is_blamed_for_a_full_disk(tmp_path, monkeypatch):
    """An empty picture would be drawn in its place, and stay when there is room again."""
    files = [tmp_path / f"x.{suffix}" for suffix in ("png", "pdf", "nc")]
    monkeypatch.setattr(drawing, "page_of", lambda *given: (_ for _ in ()).throw(RuntimeError("NetCDF: HDF error")))
    assert drawing.draw_picture("trajectory", "x", ["x.nc"], *files)["status"] == "failed"
    monkeypatch.setattr(drawing, "is_full", lambda path: True)
    with pytest.raises(RuntimeError, match="HDF error"):
        drawing.draw_picture("trajectory", "x", ["x.nc"], *files)


def test_failed_results_are_left_out(tmp_path):
    rows = rows_of(tmp_path, 1, (0.1, 0.5))
    write_failed(tmp_path / "e0.5.nc", "diverged")
    write_failed(tmp_path / "c0.1.nc", "members left the box")
    dataset = gather(rows)
    np.testing.assert_array_equal(dataset["sigma"], [0.1])
    assert "density_model" not in dataset
    write_failed(tmp_path / "e0.1.nc", "diverged")
    nothing = gather(rows)
    assert nothing.attrs["kind"] == "empty"
    assert "No usable result" in draw(nothing).texts[0].get_text()


def test_replicates_after_the_first_are_left_out(tmp_path):
    rows = rows_of(tmp_path, 1, (0.1, 0.5))
    rows[1]["replicate"] = 1
    assert gather(rows).sizes["panel"] == 1


def test_the_dataset_beside_the_figure_draws_the_same_figure(tmp_path):
    dataset = gather(rows_of(tmp_path, 2, (0.1,)))
    dataset.to_netcdf(tmp_path / "figure.nc")
    with xr.open_dataset(tmp_path / "figure.nc") as stored:
        assert len(draw(stored.load()).axes) == len(draw(dataset).axes)


# The page of a trajectory.


def page(folder, n_features, system=None, n_path=50):
    """The page of noise, by way of the file that the workflow writes."""
    names = [f"v{k}" for k in range(n_features)]
    samples = as_trajectory(RNG.standard_normal((30, 20, n_features)), names, 0.5)
    path = as_trajectory(RNG.standard_normal((2, n_path, n_features)).astype(np.float32), names, 0.1)
    describe(samples, path, system, np.full(n_features, 7.0)).to_netcdf(folder / "description.nc")
    return page_of(folder / "description.nc", "trajectory")


@pytest.mark.parametrize(("n_features", "rows"), [(1, 1), (2, 2), (4, 4), (6, 4)])
def test_page_of_variables_has_a_row_for_each_of_the_first_four(tmp_path, n_features, rows):
    dataset = page(tmp_path, n_features)
    assert dataset.attrs["kind"] == "trajectory"
    axes = panels(draw(dataset))
    assert len(axes) == 3 * rows
    assert [ax.get_title(loc="left") for ax in axes] == [f"({chr(97 + k)})" for k in range(3 * rows)]
    for k in range(rows):
        path, density, correlation = axes[3 * k : 3 * k + 3]
        assert path.get_ylabel() == density.get_xlabel() == f"v{k}"
        assert density.get_ylabel() == f"density of v{k}"
        assert correlation.get_ylabel() == f"autocorrelation of v{k}"
        (line,) = path.get_lines()
        np.testing.assert_array_equal(line.get_ydata(), dataset["path"][:, k])
        np.testing.assert_allclose(line.get_xdata(), 0.1 * np.arange(1, 51))
        (histogram,) = density.get_lines()
        np.testing.assert_array_equal(histogram.get_ydata(), dataset["density"][k])
        zero, rho = correlation.get_lines()
        assert set(zero.get_ydata()) == {0}
        np.testing.assert_array_equal(rho.get_ydata(), dataset["autocorrelation"][:, k])
        assert rho.get_ydata()[0] == 1.0
        assert density.get_legend() is None  # a single curve needs none
    assert "time" in axes[-3].get_xlabel() and "lag" in axes[-1].get_xlabel()
    assert all(ax.get_xlabel() == "" for ax in axes[0:-3:3])


def test_page_of_a_known_density_shows_it_and_says_which_is_which(tmp_path):
    axes = panels(draw(page(tmp_path, 2, get_system("ornstein_uhlenbeck"))))
    exact, samples = axes[1].get_lines()
    assert [text.get_text() for text in axes[1].get_legend().get_texts()] == ["exact", "samples"]
    assert len(axes[4].get_lines()) == 2 and axes[4].get_legend() is None
    assert (exact.get_linestyle(), exact.get_color()) != (samples.get_linestyle(), samples.get_color())


def test_page_of_a_ring_has_a_diagram_and_the_spectrum(tmp_path):
    dataset = page(tmp_path, 16, SimpleNamespace(is_ring=True, has_exact_density=False))
    figure = draw(dataset)
    diagram, density, correlation, spectrum = panels(figure)
    assert len(figure.axes) == 5  # and the colour bar
    assert (diagram.get_ylabel(), diagram.get_xlabel()[:4]) == ("grid point", "time")
    (mesh,) = diagram.collections
    np.testing.assert_array_equal(mesh.get_array(), dataset["path"].values.T)
    lower, upper = mesh.get_clim()
    assert -lower == upper == np.abs(dataset["path"]).max()
    assert density.get_xlabel() == "u" and "autocorrelation of u" in correlation.get_ylabel()
    assert spectrum.get_yscale() == "log" and "wave number" in spectrum.get_xlabel()
    (line,) = spectrum.get_lines()
    np.testing.assert_array_equal(line.get_xdata(), np.arange(1, 9))  # the mean is no wave
    np.testing.assert_array_equal(line.get_ydata(), dataset["energy"][1:])
    assert [ax.get_title(loc="left") for ax in panels(figure)] == ["(a)", "(b)", "(c)", "(d)"]


def test_energies_of_rounding_are_not_drawn(tmp_path):
    dataset = page(tmp_path, 16, SimpleNamespace(is_ring=True, has_exact_density=False)).copy(deep=True)
    dataset["energy"][5:] = 1e-20
    (line,) = panels(draw(dataset))[3].get_lines()
    np.testing.assert_array_equal(line.get_xdata(), [1, 2, 3, 4])


def test_page_of_a_failed_trajectory_says_that_there_is_none(tmp_path):
    write_failed(tmp_path / "description.nc", "double_well diverged")
    dataset = page_of(tmp_path / "description.nc", "trajectory")
    assert dataset.attrs["kind"] == "empty"
    assert "No usable result" in draw(dataset).texts[0].get_text()


def test_the_dataset_beside_the_page_draws_the_same_page(tmp_path):
    dataset = page(tmp_path, 2)
    dataset.to_netcdf(tmp_path / "figure.nc")
    with xr.open_dataset(tmp_path / "figure.nc") as stored:
        lines = [
            [line.get_ydata() for ax in panels(draw(d)) for line in ax.get_lines()] for d in (dataset, stored.load())
        ]
    for ours, theirs in zip(*lines, strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_the_same_page_gives_the_same_bytes(tmp_path):
    from kgmm.figures.style import save

    dataset = page(tmp_path, 2)
    for name in ("a", "b"):
        save(draw(dataset), tmp_path / f"{name}.png", tmp_path / f"{name}.pdf")
    for suffix in ("png", "pdf"):
        assert (tmp_path / f"a.{suffix}").read_bytes() == (tmp_path / f"b.{suffix}").read_bytes()


# Figures of the estimator: their datasets are made by hand, so that what they show is known.


def metrics_file(path, method, **values):
    rows = [{"method": method, "statistic": name, "value": value} for name, value in values.items()]
    xr.Dataset(metric_variables(rows), attrs={"failed_methods": "{}"}).to_netcdf(path)


def estimator_rows(folder, figure, method="kgmm", **axes):
    """One row for every combination of the axes, whose error is a number of its own."""
    rows = []
    for number, values in enumerate(itertools.product(*axes.values())):
        path = folder / f"{method}{number}.nc"
        budget = {f"budget_{term}": 0.1 * k for k, term in enumerate(("smoothing", "network", "draws", "data"))}
        metrics_file(path, method, score_error=1.0 + number, smoothed_score_error=0.5, budget_cells=number, **budget)
        row = {"system": "test", "method": method, "sigma": 0.1, "replicate": 0, "min_probability": 0.1}
        row |= {"n_samples": 100, "figure": figure, "race": None, "score": None, "evaluation": str(path)}
        rows.append(row | {"comparison": None} | dict(zip(axes, values)))
    return rows


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
    assert [first.get_title(), second.get_title()] == ["100 samples", "all samples"]
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


def ring_rows(folder, points):
    rows = []
    for n in points:
        row = rows_of(folder, 3, (0.1,), with_model=False)[0] | {"figure": "ring"}
        for name, mobility in (("comparison", "identity"), ("comparison_fitted", "matched")):
            row[name] = str(folder / f"{name}{n}.nc")
            write_comparison(row[name], n, mobility, ring=True)
        rows.append(row)
    return rows


def test_ring_has_a_column_for_each_number_of_points_that_has_a_model(tmp_path):
    rows = ring_rows(tmp_path, (8, 4))
    rows.append(rows[0] | {"comparison": None, "comparison_fitted": None})
    dataset = gather(rows)
    assert list(dataset["points"]) == [4, 8] and list(dataset["distance"]) == [1, 2]
    figure = draw(dataset)
    axes = panels(figure)
    assert len(axes) == 2 * 6
    assert [ax.get_title() for ax in axes[:2]] == ["4 points", "8 points"]
    assert [ax.get_ylabel() for ax in axes[::2]] == [
        "data", "model", "density of v", "v at point i + 1", "v at point i + 2", "autocorrelation of v",
    ]  # fmt: skip
    # The density is the same for every Φ, the clock is not.
    assert [line.get_label() for line in axes[4].lines] == ["held-out data", "blurred data", "model, fitted Φ"]
    (legend,) = figure.subfigs[1].legends
    assert {text.get_text() for text in legend.get_texts()} == {
        "held-out data", "blurred data", "model, fitted Φ", "model, Φ = I (its clock is arbitrary)",
    }  # fmt: skip
    assert [ax.get_xlabel() for ax in axes[4:10:2]] == ["v", "v at point i", "v at point i"]
    for places, data, model in ((4, axes[0], axes[2]), (8, axes[1], axes[3])):
        shown = [ax.collections[0] for ax in (data, model)]
        assert all(mesh.get_array().shape[0] == places for mesh in shown)
        assert shown[0].get_clim() == shown[1].get_clim()


def test_ring_of_one_number_of_points_is_two_by_two(tmp_path):
    axes = panels(draw(gather(ring_rows(tmp_path, (4,)))))
    corners = [ax.get_subplotspec() for ax in axes[2:]]
    assert [(c.rowspan.start, c.colspan.start) for c in corners] == [(0, 0), (0, 1), (1, 0), (1, 1)]
    assert [ax.get_ylabel() for ax in axes] == [
        "data",
        "model",
        "density of v",
        "v at point i + 1",
        "v at point i + 2",
        "autocorrelation of v",
    ]


def test_ring_without_a_model_is_empty(tmp_path):
    row = ring_rows(tmp_path, (4,))[0] | {"comparison": None, "comparison_fitted": None}
    assert gather([row]).attrs["kind"] == "empty"


def test_ring_densities_are_those_of_every_place():
    """On a ring of four, u₀ = u₂ and u₁ = u₃: two places on is the same value, one place on an independent one."""
    n = 100_000
    pair = RNG.standard_normal((n, 2))
    samples = np.tile(pair, 2)
    densities = xr.Dataset(ring_densities(samples, samples))
    at = densities["ring_point"].values
    one, two = densities["ring_joint_data"].values
    cell = (at[1] - at[0]) ** 2
    assert one.sum() * cell == pytest.approx(1, abs=0.02)
    exact = np.exp(-(at**2)[:, None] / 2 - at**2 / 2) / (2 * np.pi)
    # Variance of a kernel density at its largest, f / (4π n h²); four copies of every pair make the bandwidth.
    bandwidth = 0.45 * (4 * n) ** (-1 / 6)
    stderr = np.sqrt(exact.max() / (4 * np.pi * n * bandwidth**2))
    np.testing.assert_allclose(one, exact, atol=5 * stderr)
    off = np.abs(at[:, None] - at) > 0.5
    assert two[off].sum() / two.sum() < 0.01
    np.testing.assert_array_equal(densities["ring_joint_data"], densities["ring_joint_model"])


def test_blurred_densities_are_those_of_blurred_samples():
    sigma, n = 0.4, 200_000
    x = RNG.standard_normal((n, 2)) * [1.0, 3.0]
    blurred = x + sigma * x.std(axis=0) * RNG.standard_normal((n, 2))
    curves = xr.Dataset(marginal_densities(x, x, None, sigma) | joint_densities(x, x, sigma))
    expected = xr.Dataset(marginal_densities(blurred, blurred, None) | joint_densities(blurred, blurred))
    for k, deviation in enumerate((1.0, 3.0)):
        found = np.interp([0.0, deviation], curves["curve_point"][k], curves["curve_blurred"][k])
        own = np.interp([0.0, deviation], expected["curve_point"][k], expected["curve_data"][k])
        np.testing.assert_allclose(found, own, rtol=0.02)
    # In the middle, where a normal density of variances 1 + σ² and 9 (1 + σ²) is 1 / (2π · 3 (1 + σ²)).
    assert float(curves["joint_curve_blurred"].max()) == pytest.approx(1 / (6 * np.pi * (1 + sigma**2)), rel=0.03)


def model_summary(tmp_path, **rows):
    path = tmp_path / "c.nc"
    metrics = [{"mobility": "identity", **row} for row in rows["metrics"]]
    xr.Dataset(metric_variables(metrics), attrs={"mobility": rows["mobility"]}).to_netcdf(path)
    evaluation = tmp_path / "e.nc"
    write_evaluation(evaluation, 1, 0.1)
    row = {"system": "test", "method": "kgmm", "sigma": 0.1, "evaluation": str(evaluation), "comparison": str(path)}
    return gather([row | {"figure": "model_summary"}])


def test_a_summary_has_a_mark_for_every_variable_and_model(tmp_path):
    entropies = [
        {"statistic": "relative_entropy", "variable": name, "value": value, "stderr": 0.1, "floor": 0.01}
        for name, value in (("x", 0.2), ("y", 0.4))
    ]
    clock = {"statistic": "autocorrelation_error_5", "variable": "x", "value": 0.3, "stderr": 0.1}
    baseline = {**entropies[0], "mobility": "linear inverse"}
    rows = [*entropies, clock, baseline, {"statistic": "mean", "variable": "x", "value": 1.0}]
    dataset = model_summary(tmp_path, metrics=rows, mobility="identity")
    # The clock of Φ = I is arbitrary, the baselines are no models of the score.
    np.testing.assert_array_equal(dataset["value"], [0.2, 0.4])
    (ax,) = panels(draw(dataset))
    marks = [line for line in ax.lines if line.get_marker() == "s"]
    np.testing.assert_array_equal(np.concatenate([line.get_xdata() for line in marks]), [0.2, 0.4])
    fitted = model_summary(tmp_path, metrics=rows, mobility="slope")
    assert list(fitted["statistic"].values) == ["relative_entropy"] * 2 + ["autocorrelation_error_5"]
    assert set(fitted["model"].values) == {"fitted"}


@pytest.mark.parametrize(
    ("title", "sigmas", "label"),
    [
        ("Lorenz 63 with noise", (0.1,), "Lorenz 63 with noise"),
        ("Double well: two noise amplitudes", (0.1, 0.2), "Double well, σ = 0.1"),
        ("Kuramoto–Sivashinsky, sixteen points, by the default estimator", (0.1,),
         "Kuramoto–Sivashinsky, sixteen points,\nby the default estimator"),
    ],
)  # fmt: skip
def test_a_summary_calls_experiments_by_their_headings(tmp_path, title, sigmas, label):
    path, evaluation = tmp_path / "c.nc", tmp_path / "e.nc"
    entropy = {"mobility": "identity", "statistic": "relative_entropy", "variable": "x", "value": 0.2, "floor": 0.1}
    xr.Dataset(metric_variables([entropy]), attrs={"mobility": "identity"}).to_netcdf(path)
    write_evaluation(evaluation, 1, 0.1)
    files = {"evaluation": str(evaluation), "comparison": str(path)}
    rows = [ExperimentResult("double_well", "test", "kgmm", sigma, title=title, **files) for sigma in sigmas]
    (ax,) = panels(draw(drawing.gather(rows, "model_summary")))
    assert ax.get_yticklabels()[0].get_text() == label


def test_the_overview_is_of_a_score_and_a_joint_density(tmp_path):
    score, model = (tmp_path / name for name in ("score", "model"))
    score.mkdir(), model.mkdir()
    results = [
        ExperimentResult("block", **{name: value for name, value in row.items() if name != "figure"})
        for row in rows_of(score, 1, (0.5, 0.1), with_model=False)
    ]
    others = [
        ExperimentResult("other", **{name: value for name, value in row.items() if name != "figure"})
        for row in rows_of(model, 3, (0.1,), with_fitted=True)
    ]
    dataset = drawing.gather([*results, *others], "overview")
    assert dataset.attrs["sigma"] == 0.1
    profile, data, fitted = panels(draw(dataset))
    assert {line.get_label() for line in profile.lines} == {"exact", "KGMM network", "direct GMM score"}
    np.testing.assert_array_equal(fitted.collections[0].get_array(), dataset["joint_curve_fitted"][1].values.T)
    assert data.collections[0].get_clim() == fitted.collections[0].get_clim()


def test_captions_tell_of_what_is_shown_and_of_nothing_else(tmp_path):
    def caption(dataset):
        return figure_kind(dataset.attrs["kind"]).caption(dataset)

    plain = gather(rows_of(tmp_path, 3, (0.1,)))
    assert not any(word in caption(plain) for word in ("Black", "Pink", "ends where"))
    blurred = gather(rows_of(tmp_path, 3, (0.1,), blurred=True)).copy(deep=True)
    blurred["autocorrelation_model"][-1] = np.nan
    assert "Pink" in caption(blurred) and "ends where" in caption(blurred)
    profile = gather(rows_of(tmp_path, 1, (0.1,), with_model=False))
    assert "Shaded" in caption(profile) and "A column" not in caption(profile)
    without = profile.drop_vars(("cell_center", "cell_score", "cell_stderr"))
    assert "Shaded" not in caption(without)
    assert "A column for each" in caption(gather(rows_of(tmp_path, 1, (0.1, 0.5))))
    ring = gather(ring_rows(tmp_path, (8, 4)))
    assert "Pink" in caption(ring) and "ends where" not in caption(ring)


@pytest.mark.parametrize("kind", [name for name in figure_kinds() if name != "empty"])
def test_every_kind_has_a_caption(kind):
    assert callable(figure_kind(kind).caption)


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
