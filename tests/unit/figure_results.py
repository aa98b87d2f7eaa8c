"""Results of experiments, made of noise, from which figures are drawn."""

import itertools
from pathlib import Path

import numpy as np
import xarray as xr

from kgmm.figures import drawing
from kgmm.results import ExperimentResult
from kgmm.statistics.curves import ring_densities
from kgmm.statistics.metrics import metric_variables

N_BINS = 12


def noise_of(path) -> np.random.Generator:
    """Random numbers that depend on the name of the file alone, whatever was written before."""
    return np.random.default_rng([*Path(path).name.encode()])


def write_evaluation(path, dimension, sigma):
    rng = noise_of(path)
    variables = metric_variables([{"method": "kgmm", "statistic": "score_error", "value": 0.1}])
    if dimension == 1:
        x = np.linspace(-2, 2, 50)
        variables |= {"x": ("point", x), "exact": ("point", -x), "smoothed": ("point", -0.9 * x)}
        variables |= {f"score_{method}": ("point", -x + 0.1) for method in ("kgmm", "gmm")}
        variables |= {name: ("draw", rng.standard_normal(30)) for name in ("cloud_x", "cloud_score")}
        n_cells = round(1 / sigma)
        for name in ("cell_center", "cell_score", "cell_stderr"):
            variables[name] = (("cell", "variable"), np.abs(rng.standard_normal((n_cells, 1))))
    elif dimension == 2:
        points = rng.standard_normal((20, 2))
        variables |= {name: (("grid", "variable"), points) for name in ("field_point", "field_exact", "field_kgmm")}
    xr.Dataset(variables, coords={"variable": [f"v{k}" for k in range(dimension)]}).to_netcdf(path)


def write_comparison(path, dimension, mobility="identity", ring=False, blurred=False):
    rng = noise_of(path)
    pairs = [(i, j) for i in range(dimension) for j in range(i + 1, dimension)]
    variables = metric_variables([{"statistic": "mean", "value": 0.0}])
    variables["bin_center"] = (("variable", "bin"), np.tile(np.arange(float(N_BINS)), (dimension, 1)))
    variables["curve_point"] = (("variable", "curve"), np.tile(np.linspace(0, N_BINS, 20), (dimension, 1)))
    for kind in ("data", "model"):
        variables[f"density_{kind}"] = (("variable", "bin"), rng.random((dimension, N_BINS)))
        variables[f"curve_{kind}"] = (("variable", "curve"), rng.random((dimension, 20)))
        variables[f"path_{kind}_time"] = (f"{kind}_time", np.arange(9.0))
        variables[f"path_{kind}"] = ((f"{kind}_time", "variable"), rng.standard_normal((9, dimension)))
        variables[f"autocorrelation_{kind}"] = (("lag", "variable"), rng.random((7, dimension)))
        variables[f"autocorrelation_{kind}_stderr"] = (("lag", "variable"), 0.1 * rng.random((7, dimension)))
        variables[f"density_{kind}_stderr"] = (("variable", "bin"), rng.random((dimension, N_BINS)))
        if pairs:
            variables[f"joint_curve_{kind}"] = (("pair", "first_bin", "second_bin"), rng.random((len(pairs), 6, 6)))
            variables[f"joint_{kind}"] = (("pair", "first_bin", "second_bin"), rng.random((len(pairs), 6, 6)))
    if blurred:
        variables["curve_blurred"] = (("variable", "curve"), rng.random((dimension, 20)))
        variables["joint_curve_blurred"] = (("pair", "first_bin", "second_bin"), rng.random((len(pairs), 6, 6)))
    variables["lag_time"] = ("lag", 0.5 * np.arange(7))
    if ring:
        samples = (rng.standard_normal((n, dimension)) for n in (200, 100))
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


def title_of(ax) -> str:
    """The title of a panel without its letter."""
    return ax.get_title() or ax.get_title(loc="left").partition("$  ")[2]


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


def ring_rows(folder, points):
    rows = []
    for n in points:
        row = rows_of(folder, 3, (0.1,), with_model=False)[0] | {"figure": "ring"}
        for name, mobility in (("comparison", "identity"), ("comparison_fitted", "matched")):
            row[name] = str(folder / f"{name}{n}.nc")
            write_comparison(row[name], n, mobility, ring=True)
        rows.append(row)
    return rows


def model_summary(tmp_path, **rows):
    path = tmp_path / "c.nc"
    metrics = [{"mobility": "identity", **row} for row in rows["metrics"]]
    xr.Dataset(metric_variables(metrics), attrs={"mobility": rows["mobility"]}).to_netcdf(path)
    evaluation = tmp_path / "e.nc"
    write_evaluation(evaluation, 1, 0.1)
    row = {"system": "test", "method": "kgmm", "sigma": 0.1, "evaluation": str(evaluation), "comparison": str(path)}
    return gather([row | {"figure": "model_summary"}])
