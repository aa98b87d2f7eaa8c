"""What a method of estimating a score is to the workflow: one record, in the file of its name in this folder."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from kgmm.data.samples import Samples
    from kgmm.data.standardization import Standardization
    from kgmm.score.cell_score import CellScore
    from kgmm.score.model import ScoreModel


@dataclass(frozen=True)
class Inputs:
    """What a method is given.

    Attributes
    ----------
    sigma : float or None
        Noise amplitude in standard deviations of the data; ``None`` where the cells have it.
    network : dict
        Options of the network and of its fit, the section ``network`` of a configuration.
    seed : int
        Seed of its random numbers.
    device : str
        ``"cpu"`` or ``"cuda"``.
    read_samples : callable
        Reads the training samples, ``(n_samples, n_features)``, physical units.
    cells_file : str or None
        File of the cells, where the method needs them.
    """

    sigma: float | None
    network: dict
    seed: int
    device: str
    read_samples: Callable[[], Samples]
    cells_file: str | None = None

    @property
    def samples(self) -> Samples:
        """The training samples."""
        return self.read_samples()

    @cached_property
    def cells(self) -> CellScore:
        """The cells."""
        from kgmm.score.cell_score import CellScore

        return CellScore.load(self.cells_file)


@dataclass(frozen=True)
class Method:
    """A way to estimate a score.

    Attributes
    ----------
    label : str
        What figures and tables call it.
    description : str
        One line for the table of the configuration's keys.
    rank : int
        Place in legends and tables, the first where there is room for one.
    style : dict
        Line style of matplotlib; colours are told apart by the colour-blind and in grey print.
    needs : tuple of str
        ``"cells"``, ``"samples"`` or both: what it is made from.
    fit : callable or None
        Makes a :class:`kgmm.ScoreModel` from :class:`Inputs`; ``None`` if there is nothing to fit.
    load : callable or None
        Makes score and standardisation from :class:`Inputs`, where there is nothing to fit.
    drives_model : bool
        Whether Langevin models are made from its score; others are compared in the estimate of the score alone.
    steps : str
        What the iterations of its fit are called.
    least_samples : int
        Fewer training samples are refused before any job.
    """

    label: str
    description: str
    rank: int
    style: dict = field(hash=False)
    needs: tuple[Literal["cells", "samples"], ...] = ("samples",)
    fit: Callable[[Inputs], ScoreModel] | None = None
    load: Callable[[Inputs], tuple[Callable, Standardization]] | None = None
    drives_model: bool = False
    steps: str = "iterations"
    least_samples: int = 1
