"""Fixtures shared by the tests: temporary copies of the project, and components that a machine may lack."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from tests.project import Project

ROOT = Path(__file__).parents[1]


def pytest_configure(config):
    import torch

    # Two, whatever the machine has: the number of threads can change the last bits of a result.
    torch.set_num_threads(2)


@pytest.fixture(scope="session")
def new_project(tmp_path_factory):
    """Makes temporary copies of the project that run with their own copy of the library."""

    def make() -> Project:
        return Project.copy_of(ROOT, tmp_path_factory.mktemp("project"))

    return make


@pytest.fixture(scope="session")
def quick_run(new_project):
    """A copy of the project in which the quick configuration has been run."""
    project = new_project()
    project.snakemake("--workflow-profile", "profiles/quick", check=True)
    return project


@pytest.fixture(scope="session")
def chromium() -> str:
    """Path of Debian's chromium; in CI its absence is a failure."""
    path = shutil.which("chromium")
    driver = shutil.which("chromedriver")
    if path is None or driver is None:
        reason = "chromium and chromedriver (Debian packages chromium, chromium-driver) are not installed"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    return path
