"""The system that the settings of a task stand for."""

from __future__ import annotations

import numpy as np

from kgmm.jobs.job import Job
from kgmm.systems.base import System
from kgmm.systems.registry import get_system


def system_of(job: Job) -> System | None:
    """The system of a task; ``None`` where data from a file take its place."""
    system = job.settings["system"]
    return None if system["kind"] == "dataset" else get_system(system["name"], **system["parameters"])


def symmetries_of(system: System | None, n_features: int) -> tuple[np.ndarray, ...]:
    """Generators of the symmetries of the observed variables; none are known of data from a file."""
    return () if system is None else system.symmetries(n_features)
