"""The lab, and finished runs on this machine to compare with."""

from __future__ import annotations

import os

import pytest

from tests.slurm import lab as lab_module
from tests.slurm.runs import SWEEP

_ASKED = "KGMM_TEST_SLURM"


@pytest.fixture(scope="session")
def lab():
    """A SLURM of two nodes on this machine; in CI its absence is a failure."""
    reason = _reason_against()
    if reason:
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    try:
        running = lab_module.Lab.start()
    except lab_module.LabError as error:
        pytest.fail(str(error))
    yield running
    running.stop()


def _reason_against() -> str:
    if os.environ.get(_ASKED) != "1":
        return f"tests with a real SLURM replace the configuration in /etc/slurm: ask for them with {_ASKED}=1"
    if os.getuid() != 0:
        return "tests with a real SLURM need root"
    missing = lab_module.missing_commands()
    return f"{', '.join(missing)} not found (Debian packages slurm-wlm, munge)" if missing else ""


@pytest.fixture(scope="session")
def finished_sweep(new_project):
    """The sweep, computed without SLURM."""
    project = new_project()
    config = project.write_config("sweep.yaml", SWEEP | {"rows_per_job": 3})
    project.snakemake("--configfile", config, check=True)
    return project
