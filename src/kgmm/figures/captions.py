"""Sentences that captions of several figures share; each says only what the picture of this dataset shows."""

from __future__ import annotations

import xarray as xr

from kgmm.figures.joint_panels import difference_kinds, joint_kinds


def model_caption(dataset: xr.Dataset) -> str:
    """What the panels of paths, densities and autocorrelations show."""
    return (
        "A path of the data (grey) and of the model (blue); densities, the same on a logarithmic scale, and what they "
        "differ by from the data, with a band of two standard errors; autocorrelations, with bands of two standard "
        "errors."
        + (" Black: exact." if "density_exact" in dataset else "")
        + blurred_caption("curve_blurred" in dataset)
        + ends_caption(dataset)
    )


def blurred_caption(shown: bool) -> str:
    """What the curves of the blurred data are, if they are shown."""
    return " Pink: the data blurred by the noise of the score, the best that any model of this score can be." * shown


def ends_caption(dataset: xr.Dataset) -> str:
    """Why autocorrelations of models end before those of the data, if some do."""
    if "autocorrelation_data" not in dataset:
        return ""
    known = dataset["autocorrelation_data"].notnull()
    kinds = ("model", "fitted", "constant")
    names = [f"autocorrelation_{kind}" for kind in kinds if f"autocorrelation_{kind}" in dataset]
    cut = any(bool((dataset[name].isnull() & known).any()) for name in names)
    return " An autocorrelation ends where the paths of its model are too short." * cut


def joint_caption(dataset: xr.Dataset) -> str:
    """What the panels of joint densities show, if there are some."""
    if not joint_kinds(dataset):
        return ""
    others = " and blurred data" if "blurred" in difference_kinds(dataset) else ""
    return (
        "Below, for pairs of variables: data as colours and thin lines, the model as dashed lines at the same levels; "
        f"then model{others} less data, on one scale. The density of the model is the same for every Φ."
    )
