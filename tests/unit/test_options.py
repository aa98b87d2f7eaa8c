"""Options: one place for every default, bound and description, and errors of one sentence wherever they are used."""

from __future__ import annotations

import inspect
import subprocess
import sys

import numpy as np
import pytest

import kgmm
from kgmm.config.data import DataSettings, SimulationSettings
from kgmm.config.experiment import EstimatorSettings, LangevinSettings, MobilitySettings, NetworkSettings
from kgmm.data.observation import split_sizes
from kgmm.data.options import ReadingOptions, SplitOptions
from kgmm.data.trajectory import split
from kgmm.langevin.options import LangevinOptions, MobilityOptions, ModelOptions
from kgmm.options import Options
from kgmm.score.batches import fit_batches
from kgmm.score.options import CellOptions, DSMOptions, NetworkOptions, NoiseOptions
from kgmm.score.training import fit_network
from kgmm.sde.options import SimulationOptions
from kgmm.sde.simulation import stationary_ensemble

# Function, its options, and the optional arguments that are none: what is computed where, on what, and with what noise.
COMPONENTS = [
    (kgmm.KGMM, CellOptions, {"random_state", "device"}),
    (kgmm.DSM, DSMOptions, {"random_state", "device"}),
    (kgmm.DirectGMM, NoiseOptions, set()),
    (kgmm.ScoreModel.fit, NetworkOptions, {"seed", "device", "observe"}),
    (kgmm.LangevinModel, ModelOptions, {"mobility", "circulation", "hidden", "dynamics"}),
    (kgmm.LangevinModel.sample, LangevinOptions, {"initial", "seed", "device"}),
    (kgmm.estimate_mobility, MobilityOptions, {"model_path", "model_mobility"}),
    (kgmm.simulate, SimulationOptions, {"seed", "device"}),
    (split, SplitOptions, set()),
    (kgmm.read, ReadingOptions, {"variables"}),
]
# Functions that take some of the options.
PARTS = [
    (fit_network, NetworkOptions, {"held_out", "noise_fraction", "prior_precision", "seed", "device", "observe"}),
    (fit_batches, NetworkOptions, {"device", "observe", "optimizer"}),
    (kgmm.LangevinModel.choose_step, LangevinOptions, {"longest", "n_tested", "seed"}),
    (kgmm.LangevinModel.ensemble, LangevinOptions, {"seed", "device"}),
    (stationary_ensemble, SimulationOptions, {"device"}),
    (split_sizes, SplitOptions, set()),
]
# Sections of a configuration, what they derive from, and the names that only a run of the workflow has or changes.
SECTIONS = [
    (EstimatorSettings, CellOptions, {"method", "shards"}),
    (NetworkSettings, NetworkOptions, {"antithetic"}),
    (NetworkSettings, DSMOptions, set(NetworkSettings.model_fields) - set(DSMOptions.model_fields)),
    (MobilitySettings, MobilityOptions, {"identity"}),
    (DataSettings, SplitOptions, {"n_samples", "points", "shifts"}),
    (SimulationSettings, SimulationOptions,
     set(SimulationSettings.model_fields) - {"n_members", "n_times", "precision"}),
    (LangevinSettings, LangevinOptions, set(LangevinSettings.model_fields) - {"n_members", "scheme"}),
]  # fmt: skip
CLASSES = sorted({options for _, options, _ in COMPONENTS}, key=lambda options: options.__name__)


def defaults_of(function) -> dict:
    """Of the arguments that have one; tuples as the lists of a configuration."""
    parameters = inspect.signature(function).parameters.values()
    found = {p.name: p.default for p in parameters if p.default is not p.empty}
    return {name: list(value) if isinstance(value, tuple) else value for name, value in found.items()}


@pytest.mark.parametrize(("function", "options", "others"), COMPONENTS)
def test_signatures_are_those_of_the_options(function, options, others):
    found = defaults_of(function)
    assert others <= set(found)
    assert {name: value for name, value in found.items() if name not in others} == options().model_dump()


@pytest.mark.parametrize(("function", "options", "others"), PARTS)
def test_functions_with_some_of_the_options_have_their_defaults(function, options, others):
    found = {name: value for name, value in defaults_of(function).items() if name not in others}
    assert found
    for name, value in found.items():
        assert value == getattr(options(), name), name


@pytest.mark.parametrize(("section", "options", "others"), SECTIONS)
def test_sections_of_a_configuration_have_the_same_defaults(section, options, others):
    shared = set(section.model_fields) - others
    assert shared and shared <= set(options.model_fields)
    for name in shared:
        assert section.model_fields[name].default == options.model_fields[name].default, name


@pytest.mark.parametrize("options", CLASSES)
def test_every_option_has_a_default_and_a_description(options):
    for name, field in options.model_fields.items():
        assert not field.is_required(), name
        assert field.description, name


def every_options_class() -> list[type[Options]]:
    found, pending = [], [Options]
    while pending:
        found.append(pending.pop())
        pending += found[-1].__subclasses__()
    return [c for c in found if c.__module__.endswith(".options")]


def test_every_class_of_options_is_compared_with_a_signature():
    used = {base for _, options, _ in COMPONENTS for base in options.__mro__}
    assert set(every_options_class()) <= used


# Errors.


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"sigma": -0.1}, "sigma is -0.1: input should be greater than 0"),
        ({"sigma": "small"}, "sigma is 'small': input should be a valid number"),
        ({"sigma": True}, "sigma is True: input should be a valid number"),
        ({"max_draws": 7}, "max_draws is 7: input should be a multiple of 2"),
        ({"max_draws": 8.0}, "max_draws is 8.0: input should be a valid integer"),
        ({"stopping": "soon"}, "stopping is 'soon': input should be 'stderr', 'paper' or 'fixed'"),
        ({"min_draws": 66}, "min_draws is 66: it must not exceed max_draws = 64"),
        ({"sigmma": 0.1}, "sigmma is an unknown key: known here are sigma, min_probability, max_draws, min_draws"),
    ],
)
def test_refusals_are_the_sentences_of_a_configuration(values, message):
    with pytest.raises(ValueError, match="^" + message.replace(".", r"\.")) as error:
        CellOptions.checked(**values)
    assert "\n" not in str(error.value) and error.value.__cause__ is None


def test_numbers_and_lists_of_numpy_are_taken():
    found = NetworkOptions.checked(hidden=np.array([8, 4]), steps=np.int64(7), learning_rate=np.float32(0.5))
    assert found == NetworkOptions(hidden=[8, 4], steps=7, learning_rate=0.5)
    assert [type(width) for width in found.hidden] == [int, int]
    assert NetworkOptions.checked(hidden=(8, np.int32(4))).hidden == [8, 4]


def test_unknown_options_of_a_fit_are_refused_with_the_known_ones():
    standardization = None
    with pytest.raises(ValueError, match="hiden is an unknown key: known here are hidden, steps, batch_size"):
        kgmm.ScoreModel.fit_points(None, None, None, sigma=0.1, standardization=standardization, hiden=(8,))


def test_unfitted_cells_are_refused():
    with pytest.raises(ValueError, match=r"cells is KGMM\(\): a fitted KGMM or its CellScore is expected"):
        kgmm.ScoreModel.fit(kgmm.KGMM())


# What stays light.


def imported_by(statement: str) -> set[str]:
    heavy = ("torch", "sklearn", "scipy", "xarray", "pandas", "pydantic")
    program = f"import sys\n{statement}\nprint(*[name for name in {heavy} if name in sys.modules])"
    return set(
        subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split()
    )


def test_options_and_plans_import_neither_torch_nor_scikit_learn():
    modules = sorted({c.__module__ for c in every_options_class()} | {"kgmm.config.parsing", "kgmm.jobs.plan"})
    assert imported_by("import " + ", ".join(modules)) == {"pydantic"}
    assert imported_by("import kgmm") == set()
    # Control: an estimator does.
    assert {"torch", "sklearn"} <= imported_by("from kgmm import KGMM")


def test_samples_of_a_model_do_without_scikit_learn():
    assert "sklearn" not in imported_by("from kgmm import LangevinModel, ScoreModel, CellScore")
