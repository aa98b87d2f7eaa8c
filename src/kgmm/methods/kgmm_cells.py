"""The cells of KGMM without a network: constant or linear in each."""

from kgmm.methods.base import Inputs, Method


def load(inputs: Inputs):
    """The cells in ``inputs.cells_file`` as a function.

    Parameters
    ----------
    inputs : Inputs
        Cells; nothing else counts.

    Returns
    -------
    score : CellScore
        ``(n, n_features) -> (n, n_features)``, physical units.
    standardization : Standardization
        That of the samples.

    Examples
    --------
    >>> import tempfile
    >>> import numpy as np
    >>> from kgmm import KGMM
    >>> cells = KGMM(0.3, max_draws=4).fit(np.random.default_rng(0).laplace(size=(1000, 1))).cell_score_
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     cells.save(f"{folder}/cells.nc")
    ...     inputs = Inputs(None, {}, seed=0, device="cpu", read_samples=None, cells_file=f"{folder}/cells.nc")
    ...     score, _ = load(inputs)
    >>> score(np.zeros((3, 1))).shape
    (3, 1)
    """
    return inputs.cells, inputs.cells.standardization


METHOD = Method(
    label="KGMM cells",
    description="the cells alone",
    rank=1,
    style={"color": "#d55e00", "linestyle": "none", "marker": "o", "markersize": 3.2, "linewidth": 0.8},
    needs=("cells",),
    load=load,
)
