"""Fixtures shared by the tests: temporary copies of the project, and components that a machine may lack."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from tests.project import Project

ROOT = Path(__file__).parents[1]


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    from tests.scheduling import UnitScheduling

    return UnitScheduling(config, log)


def pytest_collection_modifyitems(config, items):
    """In one of several processes the order is that in which the work is handed out."""
    if hasattr(config, "workerinput"):
        from tests.scheduling import place_of

        items.sort(key=lambda item: place_of(item.nodeid))


@pytest.fixture(autouse=True, scope="module")
def one_thread():
    """The computations of the tests are too small for more, and the machine may be shared."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


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
