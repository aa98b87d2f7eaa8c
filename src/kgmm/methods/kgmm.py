"""KGMM: the network fitted to the cells of the partition (arXiv:2503.18054)."""

from kgmm.methods.base import Inputs, Method


def fit(inputs: Inputs):
    """The network fitted to the cells in ``inputs.cells_file``.

    Parameters
    ----------
    inputs : Inputs
        Cells, seed, device, and of ``network`` the options of :meth:`kgmm.ScoreModel.fit`; σ is that of the cells.

    Returns
    -------
    ScoreModel
        The score of the data blurred by σ.

    Examples
    --------
    >>> import tempfile
    >>> import numpy as np
    >>> from kgmm import KGMM
    >>> cells = KGMM(0.3, max_draws=4).fit(np.random.default_rng(0).laplace(size=(1000, 1))).cell_score_
    >>> network = {"hidden": [8], "max_iterations": 20}
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     cells.save(f"{folder}/cells.nc")
    ...     model = fit(Inputs(None, network, seed=0, device="cpu", read_samples=None, cells_file=f"{folder}/cells.nc"))
    >>> model.sigma
    0.3
    """
    from kgmm.score.model import ScoreModel

    network = {name: value for name, value in inputs.network.items() if name != "antithetic"}
    return ScoreModel.fit(inputs.cells, seed=inputs.seed, device=inputs.device, **network)


METHOD = Method(
    label="KGMM network",
    description="network fitted to the cells",
    rank=0,
    style={"color": "#0173b2", "linestyle": "--", "linewidth": 1.9},
    needs=("cells",),
    fit=fit,
    drives_model=True,
)
