"""The plan of data from a file: they are imported, and their content decides the keys."""

import os
from pathlib import Path

import numpy as np
import pytest

from kgmm.config.dataset_facts import dataset_facts
from kgmm.jobs.plan import Plan
from tests.unit.dataset_settings import raw, save
from tests.unit.plans import MODELS

RNG = np.random.default_rng(0)


@pytest.fixture(autouse=True)
def folder(nothing_known):
    return nothing_known


def plan(system=None, **settings):
    dataset_facts.cache_clear()
    return Plan(raw(system, **settings))


def keys(**settings):
    return {role: task.key for role, task in plan(**settings).rows[0].tasks.items()}


FROM_DATA = {"trajectory", "description", "cells", "score", "evaluation"} | MODELS


def test_data_are_imported_and_not_simulated():
    save(RNG.standard_normal((1000, 2)))
    found = plan()
    (row,) = found.rows
    assert set(row.tasks) == FROM_DATA and len(found.all_tasks()) == len(FROM_DATA)
    (task,) = found.tasks["import_dataset"].values()
    assert task.inputs == {"data": "x.npy"}
    assert row.tasks["trajectory"] is task
    assert not any("reference" in name for name in row.tasks["comparison"].inputs)


def renamed(before, after):
    return {stage for stage in before | after if before.get(stage) != after.get(stage)}


def test_content_renames_what_is_made_of_the_data_and_place_and_time_do_not(folder):
    save(RNG.standard_normal((1000, 2)))
    before = keys()
    os.utime("x.npy", ns=(1, 1))
    assert keys() == before
    elsewhere = folder / "elsewhere"
    elsewhere.mkdir()
    Path("x.npy").rename(elsewhere / "y.npy")
    assert keys(system={"path": str(elsewhere / "y.npy")}) == before
    save(RNG.standard_normal((1000, 2)))
    assert renamed(before, keys()) == FROM_DATA


@pytest.mark.parametrize(
    ("system", "settings", "roles"),
    [
        ({"time_step": 2.0}, {}, FROM_DATA),
        ({"variables": ["a", "b"]}, {}, FROM_DATA),
        ({"name": "other"}, {}, FROM_DATA),
        ({}, {"data": {"held_out": 0.3}}, FROM_DATA - {"trajectory", "description"}),
        ({}, {"until": "trajectory"}, FROM_DATA - {"trajectory", "description"}),
        ({}, {"until": "score"}, MODELS),
        ({}, {"defaults": {"simulation": {"n_members": 500}}}, set()),
    ],
)
def test_a_setting_renames_what_depends_on_it_and_nothing_else(system, settings, roles):
    save(RNG.standard_normal((1000, 2)))
    assert renamed(keys(), keys(system=system, **settings)) == roles
