"""One-dimensional systems: the score by every method, and the model, one column per noise amplitude.

The upper row is figure 1 of arXiv:2503.18054.
"""

from __future__ import annotations

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.collections import PathCollection
from matplotlib.figure import Figure

from kgmm.figures.captions import blurred_caption
from kgmm.figures.panels import draw_autocorrelation, draw_path, main_model, path_legend, time_label, variable_names
from kgmm.figures.results import comparison_to_draw, usable_comparison
from kgmm.figures.style import BLURRED, DATA, EXACT, LABELS, METHODS, MODEL, SMOOTHED, letter, new_figure
from kgmm.results import ExperimentResult

MARK = "x"
_CURVES = (
    "bin_center", "density_data", "density_model", "density_exact", "curve_point", "curve_blurred", "curve_model",
    "curve_fitted", "lag_time", "autocorrelation_data", "autocorrelation_model", "autocorrelation_fitted",
    "autocorrelation_data_stderr", "autocorrelation_model_stderr", "autocorrelation_fitted_stderr",
    "path_data_time", "path_data", "path_model_time", "path_model", "path_fitted_time", "path_fitted",
)  # fmt: skip
_CELLS = ("cell_center", "cell_score", "cell_stderr")
# Of the span of the cells, what is shown beyond them at most.
_BEYOND = 0.3
# With more, their marks would be a band.
_MANY_CELLS = 60


def gather(rows: list[ExperimentResult]) -> xr.Dataset:
    """Panels in the order of ``sigma``, one for each evaluation; scores of each method as ``score_<method>``."""
    panels = []
    for path in dict.fromkeys(row.evaluation for row in sorted(rows, key=lambda row: row.sigma)):
        of_panel = [row for row in rows if row.evaluation == path]
        models = _models(of_panel)
        with xr.open_dataset(path) as evaluation:
            scores = _scores(evaluation.load())
            names = evaluation["variable"].values
        panel = xr.Dataset(scores | dict(models.variables), attrs=models.attrs)
        panel = panel.assign_coords(sigma=of_panel[0].sigma)
        # Numbered, so that panels with fewer cells are filled with NaN.
        panels.append(panel.assign_coords({dim: np.arange(size) for dim, size in panel.sizes.items()}))
    joined = xr.concat(panels, dim="panel", join="outer", data_vars="all", coords=["sigma"])
    return joined.assign_coords(variable=names)


def _scores(evaluation: xr.Dataset) -> dict:
    names = [name for name in evaluation if evaluation[name].dims in (("point",), ("draw",))]
    variables = {name: evaluation[name].variable for name in names}
    return variables | {name: evaluation[name].isel(variable=0).variable for name in _CELLS if name in evaluation}


def _models(rows: list[ExperimentResult]) -> xr.Dataset:
    """Curves of the first row with a usable model, and in the attributes which mobility it has."""
    for row in rows:
        if usable_comparison(row) is not None:
            dataset = comparison_to_draw(row)
            curves = {name: dataset[[name]].isel(variable=0, missing_dims="ignore")[name].variable
                      for name in _CURVES if name in dataset}  # fmt: skip
            return xr.Dataset(curves, attrs={"mobility": dataset.attrs["mobility"]})
    return xr.Dataset()


def caption(dataset: xr.Dataset) -> str:
    """What the panels show."""
    text = (
        "The score by each method, over the draws that it is an average of: −z/(σS) at the sample blurred by σSz, "
        "S the standard deviation of the data."
    )
    if "cell_center" in dataset:
        text += (
            " Shaded: beyond the outermost cells, where there are hardly any data and the score is that of a Gaussian."
        )
    if "density_model" in dataset:
        text += (
            " Then densities, paths and autocorrelations of data (grey) and model (blue), with bands of two standard "
            "errors."
        )
        text += blurred_caption("curve_blurred" in dataset)
    return ("A column for each noise amplitude σ. " if dataset.sizes["panel"] > 1 else "") + text


def draw(dataset: xr.Dataset) -> Figure:
    """Scores above; where there is a model densities, paths and autocorrelations below."""
    n_panels = dataset.sizes["panel"]
    has_model = "density_model" in dataset
    if n_panels == 1 and has_model:
        figure = new_figure(9.0, 6.6)
        axes = figure.subplots(2, 2).reshape(4, 1)
    else:
        figure = new_figure(max(5.2, 2.5 * n_panels), 9.6 if has_model else 3.7)
        heights = [1, 1, 0.6, 0.9] if has_model else [1]
        axes = figure.subplots(
            len(heights), n_panels, squeeze=False, sharey="row", sharex="row", height_ratios=heights
        )  # fmt: skip
    for column in range(n_panels):
        panel = dataset.isel(panel=column)
        _draw_scores(axes[0, column], panel)
        axes[0, column].set_title(f"σ = {float(panel['sigma']):g}")
        axes[0, column].set_xlabel(_name(dataset))
        if has_model:
            _draw_model(axes[1:, column], panel, first=column == 0)
            if n_panels == 1:
                path_legend(axes[2, 0])
        for row, ax in enumerate(axes[:, column]):
            letter(ax, row * n_panels + column)
    axes[0, 0].set_ylabel(f"score  ∂ log p / ∂{_name(dataset)}")
    if has_model:
        axes[1, 0].set_ylabel(f"density  p({_name(dataset)})")
    handles = {}
    for ax in axes[:2].flat:
        for handle, label in zip(*ax.get_legend_handles_labels()):
            handles.setdefault(label, handle)
    n_columns = 4 if n_panels > 2 else 3 if has_model else 2
    legend = figure.legend(handles.values(), handles.keys(), loc="outside lower center", ncols=n_columns)
    for dots in legend.findobj(PathCollection):
        dots.set_sizes([9.0])  # as small as they are drawn they would not be seen
    return figure


def _name(dataset: xr.Dataset) -> str:
    return variable_names(dataset)[0]


def _draw_model(axes: np.ndarray, panel: xr.Dataset, first: bool) -> None:
    """Density, path and autocorrelation of one panel's model, from top to bottom."""
    density, path, correlation = axes
    _draw_densities(density, panel)
    density.set_xlabel(_name(panel))
    if panel["density_model"].isnull().all():
        return
    one = _without_gaps(panel)
    draw_path(path, one, 0)
    path.set_xlabel(time_label(one))
    draw_autocorrelation(correlation, one, 0)
    if not first:
        path.set_ylabel("")
        correlation.set_ylabel("")
        correlation.get_legend().remove()


def _without_gaps(panel: xr.Dataset) -> xr.Dataset:
    """The panel as a comparison of one variable, without what fills it up to the size of others."""
    names = [name for name in _CURVES if name in panel and not panel[name].isnull().all()]
    dims = {dim for name in names for dim in panel[name].dims}
    one = panel[names]
    for dim in dims:
        one = one.dropna(dim, how="all", subset=[name for name in names if dim in panel[name].dims])
    times = [name for name in names if name.endswith("_time")]
    values = {
        name: one[name] if name in times else one[name].expand_dims(variable=panel["variable"].values, axis=-1)
        for name in names
    }
    return xr.Dataset(values, attrs=panel.attrs)


def _draw_scores(ax: Axes, panel: xr.Dataset) -> None:
    # The noise cloud of a small σ reaches far beyond the score: the window is that of the score where data are dense.
    inside = (panel["x"] > panel["cloud_x"].quantile(0.003)) & (panel["x"] < panel["cloud_x"].quantile(0.997))
    shown = next(name for name in ("exact", *(f"score_{method}" for method in LABELS)) if name in panel)
    window = panel[shown]
    limit = 1.35 * float(np.abs(window.where(inside)).max())
    ax.scatter(
        panel["cloud_x"],
        panel["cloud_score"],
        s=2,
        color="0.8",
        linewidths=0,
        rasterized=True,
        label="draws of the noise",
    )
    if "score_gmm" in panel:
        ax.plot(panel["x"], panel["score_gmm"], **METHODS["gmm"], label=LABELS["gmm"])
    if "exact" in panel:
        ax.plot(panel["x"], panel["exact"], **EXACT, label="exact")
        ax.plot(panel["x"], panel["smoothed"], **SMOOTHED, label="exact, blurred by σ")
    for method in reversed(LABELS):
        if method not in ("gmm", "kgmm_cells") and f"score_{method}" in panel:
            ax.plot(panel["x"], panel[f"score_{method}"], **METHODS[method], label=LABELS[method])
    if "cell_center" in panel:
        many = panel["cell_center"].notnull().sum() > _MANY_CELLS
        style = METHODS["kgmm_cells"] | ({"markersize": 2.0, "zorder": 1.5} if many else {})
        ax.errorbar(
            panel["cell_center"], panel["cell_score"], panel["cell_stderr"], **style,
            label=LABELS["kgmm_cells"] + " ± standard error",
        )  # fmt: skip
    ax.set_ylim(-limit, limit)
    low_end, high_end = float(panel["x"].min()), float(panel["x"].max())
    if "cell_center" in panel:
        first, last = float(panel["cell_center"].min()), float(panel["cell_center"].max())
        span = last - first
        low_end, high_end = (max(low_end, first - _BEYOND * span), min(high_end, last + _BEYOND * span))
        for low, high in ((-1e3 * (last - first), first), (last, 1e3 * (last - first))):
            ax.axvspan(low, high, color="0.93", linewidth=0, zorder=-1)
    margin = 0.05 * (high_end - low_end)
    ax.set_xlim(low_end - margin, high_end + margin)


def _draw_densities(ax: Axes, panel: xr.Dataset) -> None:
    if panel["density_model"].isnull().all():
        ax.text(0.5, 0.5, "no usable model", transform=ax.transAxes, ha="center", color="0.4")
        return
    if "density_exact" in panel:
        ax.plot(panel["bin_center"], panel["density_exact"], **EXACT, label="exact")
    ax.step(panel["bin_center"], panel["density_data"], where="mid", **DATA, label="held-out data")
    point = panel["curve_point"]
    if "curve_blurred" in panel:
        ax.plot(point, panel["curve_blurred"], **BLURRED, label="blurred data")
    ax.plot(point, panel[f"curve_{main_model(panel)}"], **MODEL, label="Langevin model")
    ax.set_ylim(bottom=0)
