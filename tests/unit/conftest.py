"""Fixtures of the unit tests."""

import logging
from pathlib import Path
from types import ModuleType

import netCDF4
import pytest
import torch

from kgmm.config.dataset_facts import dataset_facts
from kgmm.jobs import run
from tests.unit.cell_scores import X, prepare


@pytest.fixture
def threads():
    """Sets the number of threads for the rest of one test."""
    yield torch.set_num_threads
    torch.set_num_threads(1)


@pytest.fixture
def at_the_root(monkeypatch):
    """The folder of the project, from which a plan looks for its code."""
    monkeypatch.chdir(Path(__file__).parents[2])


@pytest.fixture
def nothing_known(tmp_path, monkeypatch):
    """An empty working folder, in which nothing is known of any file."""
    monkeypatch.chdir(tmp_path)
    dataset_facts.cache_clear()
    yield tmp_path
    dataset_facts.cache_clear()


@pytest.fixture
def own_logging():
    """A job takes the root logger; it is given back."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    for handler in root.handlers:
        if handler not in handlers:
            handler.close()
    root.handlers[:], root.level = handlers, level


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """The working folder of jobs, with the file that they read."""
    monkeypatch.chdir(tmp_path)
    with netCDF4.Dataset("data.nc", "w") as file:
        file.note = "usable"
    return tmp_path


@pytest.fixture
def compute_with(monkeypatch):
    """Puts a function in the place of that of a stage."""

    def use(function, stage="fit_score"):
        module = ModuleType(stage)
        setattr(module, stage, function)
        monkeypatch.setattr(run, "import_module", lambda name: module)

    return use


@pytest.fixture(params=["whole members", "a few members in turn", "long members"])
def way_of_reading(request, monkeypatch):
    """The ways in which samples of a trajectory are read, whatever its size."""
    if request.param == "long members":
        monkeypatch.setattr("kgmm.data.samples._LONG_MEMBER", 0)
    elif request.param == "a few members in turn":
        monkeypatch.setattr("kgmm.data.samples._NUMBERS_AT_ONCE", 16)


@pytest.fixture(scope="module")
def prepared_file(tmp_path_factory):
    """Prepared cells of the samples, in a file."""
    path = tmp_path_factory.mktemp("cells") / "prepared.nc"
    prepare(X).save(path)
    return path
