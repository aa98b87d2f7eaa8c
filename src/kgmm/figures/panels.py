"""Panels that several figures share: a path, a marginal density, an autocorrelation."""

from __future__ import annotations

import numpy as np
import xarray as xr
from matplotlib.axes import Axes

from kgmm.figures.style import BLURRED, CONSTANT, DATA, EXACT, IDENTITY, LINEAR, MODEL

# Bands are of this many standard errors.
_BAND = 2.0
_LONGEST_NAME = 30
TIME, LAG = "time t", "lag τ"


def variable_names(dataset: xr.Dataset) -> list[str]:
    """Names of the variables, for axes: long ones are cut, which would cover the picture.

    Examples
    --------
    >>> variable_names(xr.Dataset(coords={"variable": ["x", "y" * 300]}))
    ['x', 'yyyyyyyyyyyyyyyyyyyyyyyyyyyyy…']
    """
    names = [str(name) for name in dataset["variable"].values]
    return [name if len(name) <= _LONGEST_NAME else name[: _LONGEST_NAME - 1] + "…" for name in names]


def is_only_model(dataset: xr.Dataset) -> bool:
    """Whether the one model of a dataset has the time scales of the data; else that with Φ = I is among its models."""
    return dataset.attrs.get("mobility", "identity") != "identity" and "curve_fitted" not in dataset


def main_model(dataset: xr.Dataset, name: str = "curve") -> str:
    """The model that a dataset is about: ``"fitted"`` if it holds ``<name>_fitted``, else ``"model"``, with Φ = I."""
    return "fitted" if f"{name}_fitted" in dataset else "model"


def data_label(dataset: xr.Dataset) -> str:
    """What the data are called in legends and titles."""
    return dataset.attrs.get("data_label", "held-out data")


def draw_path(ax: Axes, dataset: xr.Dataset, k: int) -> None:
    """Variable ``k`` of one member of the data and one of the model: with the fitted mobility if there is one."""
    which = main_model(dataset, "path")
    label = "model" if is_only_model(dataset) else {"fitted": "model, fitted Φ", "model": "model, Φ = I"}[which]
    # Held-out data may be the end of a long member: both paths start at zero.
    times = {name: dataset[f"path_{name}_time"] - dataset[f"path_{name}_time"][0] for name in ("data", which)}
    ax.plot(times["data"], dataset["path_data"][:, k], **{**DATA, "linewidth": 0.8}, label="data")
    style = {**MODEL, "linestyle": "-", "linewidth": 0.8}
    ax.plot(times[which], dataset[f"path_{which}"][:, k], **style, label=label)
    ax.set_ylabel(variable_names(dataset)[k])
    ax.set_xlim(0, min(float(time.max()) for time in times.values()))


def time_label(dataset: xr.Dataset) -> str:
    """What the axis of a path counts."""
    return (
        TIME if "path_fitted" in dataset or is_only_model(dataset) else f"{TIME} (of the model with Φ = I: arbitrary)"
    )


def draw_autocorrelation(ax: Axes, dataset: xr.Dataset, k: int, *, legend: bool = True) -> None:
    """Autocorrelation of variable ``k``: data, models and linear inverse model; bands are two standard errors."""
    ax.axhline(0, color="0.8", linewidth=0.8)
    mobility = dataset.attrs.get("mobility", "fitted")
    of_model = (MODEL, "model") if is_only_model(dataset) else (IDENTITY, "model, Φ = I")
    lines = {
        "data": ({**DATA, "linewidth": 2.2}, data_label(dataset)),
        "fitted": (MODEL, f"model, Φ {mobility}"),
        "constant": (CONSTANT, f"model, Φ {dataset.attrs.get('constant_mobility', 'constant')}"),
        "model": of_model,
        "linear_inverse": (LINEAR, "linear inverse"),
    }
    lag = dataset["lag_time"]
    for kind, (style, label) in lines.items():
        if f"autocorrelation_{kind}" not in dataset:
            continue
        values = dataset[f"autocorrelation_{kind}"][:, k]
        ax.plot(lag, values, **style, label=label)
        if f"autocorrelation_{kind}_stderr" in dataset:
            error = _BAND * dataset[f"autocorrelation_{kind}_stderr"][:, k]
            ax.fill_between(lag, values - error, values + error, color=style["color"], alpha=0.2, linewidth=0)
    ax.set_xlabel(LAG)
    ax.set_ylabel(f"autocorrelation of {variable_names(dataset)[k]}")
    ax.set_xlim(0, float(lag.max()))
    curves = [dataset[f"autocorrelation_{kind}"] for kind in lines if f"autocorrelation_{kind}" in dataset]
    ax.set_ylim(min(-0.1, 1.1 * min(float(curve.min()) for curve in curves)), 1.02)
    if legend and k == 0:
        ax.legend(loc="best", frameon=True, framealpha=0.85, edgecolor="none")


def path_legend(ax: Axes) -> None:
    """Legend above the panel, with lines thick enough to tell their colours."""
    legend = ax.legend(loc="lower right", bbox_to_anchor=(1, 1), ncols=2, borderaxespad=0.2)
    for line in legend.get_lines():
        line.set_linewidth(2)


def _densities(dataset: xr.Dataset, k: int):
    """Places, values, style and label of the densities of variable ``k`` by kernels, the models' last."""
    if "curve_blurred" in dataset:
        yield dataset["curve_blurred"][k], BLURRED, "blurred data"
    # The law is the same for every Φ: that of one model is shown.
    yield dataset[f"curve_{main_model(dataset)}"][k], MODEL, "Langevin model"


def draw_marginal(ax: Axes, dataset: xr.Dataset, k: int, *, logarithmic: bool = False, legend: bool = True) -> None:
    """Density of variable ``k``: exact where known, held-out data (bins), blurred data and models (kernels)."""
    x = dataset["bin_center"][k]
    if "density_exact" in dataset:
        ax.plot(x, dataset["density_exact"][k], **EXACT, label="exact")
    ax.step(x, dataset["density_data"][k], where="mid", **DATA, label=data_label(dataset))
    for values, style, label in _densities(dataset, k):
        ax.plot(dataset["curve_point"][k], values, **style, label=label)
    name = variable_names(dataset)[k]
    ax.set_xlabel(name)
    ax.set_ylabel(f"density of {name}")
    largest = float(max(dataset["density_data"][k].max(), dataset["density_model"][k].max()))
    if logarithmic:
        ax.set_yscale("log")
        ax.minorticks_off()
        lowest = float(dataset["density_data"][k].where(dataset["density_data"][k] > 0).min())
        ax.set_ylim(0.5 * lowest, 2 * largest)
        return
    # Head-room for the legend of the first panel, the same in all.
    ax.set_ylim(0, (1.5 if legend else 1.08) * largest)
    if legend and k == 0:
        ax.legend(loc="upper right", ncols=2, columnspacing=1.0, handlelength=1.6)


def draw_residuals(ax: Axes, dataset: xr.Dataset, k: int) -> None:
    """Densities of variable ``k`` less that of the data; the band is two standard errors of the difference."""
    x, data = dataset["bin_center"][k].values, dataset["density_data"][k].values
    model = main_model(dataset)
    ax.axhline(0, color="0.8", linewidth=0.8)
    if "density_data_stderr" in dataset and f"density_{model}_stderr" in dataset:
        errors = (dataset[f"density_{kind}_stderr"][k] for kind in ("data", model))
        band = _BAND * np.hypot(*errors)
        ax.fill_between(x, -band, band, color=DATA["color"], alpha=0.25, linewidth=0, step="mid")
    if "curve_blurred" in dataset and "curve_data" in dataset:
        ax.plot(dataset["curve_point"][k], dataset["curve_blurred"][k] - dataset["curve_data"][k], **BLURRED)
    ax.step(x, dataset[f"density_{model}"][k] - data, where="mid", **{**MODEL, "linewidth": 1.0, "linestyle": "-"})
    ax.set_ylabel("minus\ndata")
    ax.set_xlabel(variable_names(dataset)[k])


def marginal_panels(figure, n_columns: int) -> np.ndarray:
    """Panels of marginal densities, ``(3, n_columns)``: the density, its logarithm, and differences from the data."""
    return figure.subplots(3, n_columns, sharex="col", squeeze=False, height_ratios=[1, 0.55, 0.4])


def draw_marginals(panels: np.ndarray, dataset: xr.Dataset) -> None:
    """Fills the panels of :func:`marginal_panels` with the first variables."""
    for k, (density, logarithm, residual) in enumerate(panels.T):
        draw_marginal(density, dataset, k, legend=False)
        draw_marginal(logarithm, dataset, k, logarithmic=True, legend=False)
        draw_residuals(residual, dataset, k)
        logarithm.set_ylabel("log scale")
        for ax in (density, logarithm):
            ax.set_xlabel("")
    panels[0, 0].figure.align_ylabels(panels.ravel())
    legend_above(panels[0, 0])


def draw_autocorrelations(panels: list[Axes], dataset: xr.Dataset, n_columns: int | None = None) -> None:
    """Fills panels with the autocorrelations of the first variables; the legend has one row, or so many columns."""
    for k, ax in enumerate(panels):
        draw_autocorrelation(ax, dataset, k, legend=False)
        ax.set_title(variable_names(dataset)[k])
        ax.set_ylabel("" if k else "autocorrelation")
    legend_above(panels[0], n_columns)


def legend_above(ax: Axes, n_columns: int | None = None) -> None:
    """The legend of a panel above all of its row, where it hides nothing."""
    handles, labels = ax.get_legend_handles_labels()
    n_columns = n_columns or len(labels)
    ax.figure.legend(handles, labels, loc="outside upper center", ncols=n_columns, columnspacing=1.4, handlelength=1.8)
