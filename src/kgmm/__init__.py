"""KGMM: scores of stationary densities from data, and the Langevin models built on them.

The public API; everything else may change. Names are loaded when first used, so that importing the package (which the
workflow does to read its configuration) does not import torch.
"""

from importlib import import_module

__version__ = "0.1.0"

_PUBLIC = {
    "CellScore": "kgmm.score.cell_score",
    "DSM": "kgmm.score.dsm",
    "KGMM": "kgmm.score.kgmm",
    "DirectGMM": "kgmm.score.direct_gmm",
    "DivergenceError": "kgmm.errors",
    "PreparedCells": "kgmm.score.prepared_cells",
    "Samples": "kgmm.data.samples",
    "LangevinModel": "kgmm.langevin.model",
    "ScientificFailure": "kgmm.errors",
    "ScoreModel": "kgmm.score.model",
    "compare": "kgmm.statistics.comparison",
    "compare_autocorrelations": "kgmm.statistics.autocorrelation",
    "DataWarning": "kgmm.statistics.diagnosis",
    "diagnose": "kgmm.statistics.diagnosis",
    "estimate_mobility": "kgmm.langevin.mobility",
    "Validation": "kgmm.statistics.validation",
    "fit_langevin": "kgmm.langevin.fit",
    "fit_score": "kgmm.score.fit",
    "get_system": "kgmm.systems.registry",
    "physical_score": "kgmm.data.restoring",
    "plot_autocorrelations": "kgmm.figures.plots",
    "plot_densities": "kgmm.figures.plots",
    "plot_joint_density": "kgmm.figures.plots",
    "read": "kgmm.data.read",
    "restore": "kgmm.data.restoring",
    "response": "kgmm.langevin.response",
    "simulate": "kgmm.sde.simulation",
    "validate": "kgmm.statistics.validation",
    "system_names": "kgmm.systems.registry",
}

__all__ = sorted(_PUBLIC)


def __getattr__(name: str):
    if name not in _PUBLIC:
        raise AttributeError(f"module 'kgmm' has no attribute {name!r}")
    return getattr(import_module(_PUBLIC[name]), name)


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
