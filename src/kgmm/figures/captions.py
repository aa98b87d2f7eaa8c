"""Sentences that captions of several figures share."""

from __future__ import annotations

import xarray as xr

from kgmm.figures.joint_panels import difference_kinds, joint_kinds

MODEL_PANELS = (
    "A path of the data (grey) and of the model (blue); densities, the same on a logarithmic scale, and what they "
    "differ by from the data, with a band of two standard errors; autocorrelations, with bands of two standard errors. "
    "Black: exact where known. Pink: the data blurred by the noise of the score, the best that any model of this score "
    "can be."
)


def joint_caption(dataset: xr.Dataset) -> str:
    """What the panels of joint densities show, if there are some."""
    if not joint_kinds(dataset):
        return ""
    others = " and blurred data" if "blurred" in difference_kinds(dataset) else ""
    return (
        "Below, for pairs of variables: data as colours and thin lines, the model as dashed lines at the same levels; "
        f"then model{others} less data, on one scale. The density of the model is the same for every Φ."
    )
