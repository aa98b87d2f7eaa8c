"""Panels that several figures share: a path, a marginal density, an autocorrelation, a joint density."""

from __future__ import annotations

import xarray as xr
from matplotlib.axes import Axes
from matplotlib.collections import QuadMesh

from kgmm.figures.style import DATA, DENSITY_MAP, EXACT, IDENTITY, LINEAR, MODEL


def variable_names(dataset: xr.Dataset) -> list[str]:
    """Names of the variables, for axes."""
    return [str(name) for name in dataset["variable"].values]


def is_only_model(dataset: xr.Dataset) -> bool:
    """Whether the one model of a dataset has the time scales of the data; else that with Φ = I is among its models."""
    return dataset.attrs.get("mobility", "identity") != "identity" and "curve_fitted" not in dataset


def _data_label(dataset: xr.Dataset) -> str:
    return dataset.attrs.get("data_label", "held-out data")


def draw_path(ax: Axes, dataset: xr.Dataset, k: int) -> None:
    """Variable ``k`` of one member of the data and one of the model: with the fitted mobility if there is one."""
    which, label = ("fitted", "model, fitted Φ") if "path_fitted" in dataset else ("model", "model, Φ = I")
    label = "model" if is_only_model(dataset) else label
    # Held-out data may be the end of a long member: both paths start at zero.
    times = {name: dataset[f"path_{name}_time"] - dataset[f"path_{name}_time"][0] for name in ("data", which)}
    ax.plot(times["data"], dataset["path_data"][:, k], **{**DATA, "linewidth": 0.8}, label="data")
    style = {**MODEL, "linestyle": "-", "linewidth": 0.8}
    ax.plot(times[which], dataset[f"path_{which}"][:, k], **style, label=label)
    ax.set_ylabel(variable_names(dataset)[k])
    ax.set_xlim(0, min(float(time.max()) for time in times.values()))


def time_label(dataset: xr.Dataset) -> str:
    """What the axis of a path counts."""
    if "path_fitted" in dataset or is_only_model(dataset):
        return "time (units of the system)"
    return "time (data: the system's; model: Φ = I)"


def draw_autocorrelation(ax: Axes, dataset: xr.Dataset, k: int) -> None:
    """Autocorrelation of variable ``k``: data, model with the fitted mobility, model with the identity."""
    ax.axhline(0, color="0.8", linewidth=0.8)
    lag = dataset["lag_time"]
    ax.plot(lag, dataset["autocorrelation_data"][:, k], **{**DATA, "linewidth": 2.2}, label=_data_label(dataset))
    if "autocorrelation_fitted" in dataset:
        name = dataset.attrs.get("mobility", "fitted")
        ax.plot(lag, dataset["autocorrelation_fitted"][:, k], **MODEL, label=f"model, Φ {name}")
    style, label = (MODEL, "model") if is_only_model(dataset) else (IDENTITY, "model, Φ = I")
    ax.plot(lag, dataset["autocorrelation_model"][:, k], **style, label=label)
    if "autocorrelation_linear_inverse" in dataset:
        ax.plot(lag, dataset["autocorrelation_linear_inverse"][:, k], **LINEAR, label="linear inverse model")
    ax.set_xlabel("lag (units of the system)")
    ax.set_ylabel(f"autocorrelation of {variable_names(dataset)[k]}")
    ax.set_xlim(0, float(lag.max()))
    curves = [dataset[name] for name in dataset if str(name).startswith("autocorrelation_")]
    ax.set_ylim(min(-0.1, 1.1 * min(float(curve.min()) for curve in curves)), 1.02)
    if k == 0:
        ax.legend(loc="best", frameon=True, framealpha=0.85, edgecolor="none")


def path_legend(ax: Axes) -> None:
    """Legend above the panel, with lines thick enough to tell their colours."""
    legend = ax.legend(loc="lower right", bbox_to_anchor=(1, 1), ncols=2, borderaxespad=0.2)
    for line in legend.get_lines():
        line.set_linewidth(2)


def draw_marginal(ax: Axes, dataset: xr.Dataset, k: int) -> None:
    """Density of variable ``k``: exact where known, held-out data (bins), model (kernels)."""
    x = dataset["bin_center"][k]
    if "density_exact" in dataset:
        ax.plot(x, dataset["density_exact"][k], **EXACT, label="exact")
    ax.step(x, dataset["density_data"][k], where="mid", **DATA, label=_data_label(dataset))
    point = dataset["curve_point"][k]
    if "curve_fitted" in dataset:
        ax.plot(point, dataset["curve_fitted"][k], **MODEL, label="model, fitted Φ")
        ax.plot(point, dataset["curve_model"][k], **IDENTITY, label="model, Φ = I")
    else:
        ax.plot(point, dataset["curve_model"][k], **MODEL, label="Langevin model")
    name = variable_names(dataset)[k]
    ax.set_xlabel(f"{name} (physical units)")
    ax.set_ylabel(f"density of {name}")
    # Head-room for the legend of the first panel, the same in all.
    ax.set_ylim(0, 1.32 * float(max(dataset["density_data"][k].max(), dataset["density_model"][k].max())))
    if k == 0:
        ax.legend(loc="upper right", ncols=2, columnspacing=1.0, handlelength=1.6)


_JOINT_TITLES = {"data": "held-out data", "model": "model, Φ = I", "fitted": "model, fitted Φ"}


def joint_kinds(dataset: xr.Dataset) -> list[str]:
    """Of the data and of the models, those whose joint densities the dataset holds."""
    return [kind for kind in _JOINT_TITLES if f"joint_curve_{kind}" in dataset]


def draw_joint(ax: Axes, dataset: xr.Dataset, kind: str, pair: int) -> QuadMesh:
    """Joint density of one pair of variables, on one scale for every ``kind``, see :func:`joint_kinds`."""
    first, second = dataset["joint_pair"].values[pair]
    edges, names = dataset["joint_edge"].values, variable_names(dataset)
    largest = float(max(dataset[f"joint_curve_{kind}"][pair].max() for kind in joint_kinds(dataset)))
    mesh = ax.pcolormesh(
        edges[first], edges[second], dataset[f"joint_curve_{kind}"][pair].values.T,
        cmap=DENSITY_MAP, vmin=0, vmax=largest, rasterized=True,
    )  # fmt: skip
    titles = _JOINT_TITLES | {"data": _data_label(dataset)}
    ax.set_title("model" if kind == "model" and is_only_model(dataset) else titles[kind])
    ax.set_xlabel(f"{names[first]} (physical units)")
    ax.set_ylabel(names[second])
    return mesh
