"""The finished tiny run that several modules look at."""

from __future__ import annotations

import pytest

from tests.workflow.tiny import TINY


@pytest.fixture(scope="session")
def finished_tiny(new_project):
    """A finished tiny run; tests plan on it and do not compute."""
    project = new_project()
    config = project.write_config("tiny.yaml", TINY)
    project.snakemake("--configfile", config, check=True)
    return project
