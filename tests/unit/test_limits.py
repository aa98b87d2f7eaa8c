"""Settings far beyond any machine are refused before any job, in one sentence that names the key."""

import copy

import pytest

from kgmm.config.parsing import ConfigError, parse_config

BLOCK = {"name": "wells", "system": {"name": "double_well"}}


def parsed(settings: dict, **run):
    block = copy.deepcopy(BLOCK) | {name: value for name, value in settings.items() if name != "run"}
    return parse_config({"name": "test", "experiments": [block], **run})


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"simulation": {"n_members": 10**12}}, "simulation: n_members = 1e+12"),
        ({"simulation": {"n_times": 10**13}}, "n_times = 1e+13"),
        ({"simulation": {"dt": 1e-300}}, "steps, more than limits.steps = 1e+12 allows"),
        ({"simulation": {"path_length": 1e18}}, "path_length = 1e+18"),
        ({"langevin": {"n_members": 10**12}}, "langevin: n_members = 1e+12"),
        ({"langevin": {"path_length": 1e18}}, "langevin: "),
        (
            {"langevin": {"path_length": 0.05, "path_members": 2}},
            "langevin.path_length is 0.05: 2 members with 1 times each, 0.05 apart, are too few for an autocorrelation",
        ),
        (
            {"simulation": {"path_length": 0.2, "path_members": 2}},
            "simulation.path_length is 0.2: 2 members with 8 times each, 0.02 apart, are too few",
        ),
        ({"simulation": {"path_length": 0.02, "path_members": 2}}, "simulation.path_length is 0.02: held_out is 0.2"),
        ({"estimator": {"max_draws": 10**12}}, "estimator.max_draws: 1000000000000 draws of"),
        ({"estimator": {"sigma": 1e300}}, "estimator.sigma is 1e+300: input should be less than or equal to 100"),
        ({"network": {"hidden": [10**9]}}, "network.hidden: 1 layers of up to 1000000000 make 3e+09 parameters"),
        ({"network": {"hidden": [8] * 2000}}, "network.hidden"),
        ({"network": {"learning_rate": 1e300}}, "network.learning_rate is 1e+300"),
        ({"network": {"steps": 10**12}}, "network.steps: 1000000000000 batches of 1024"),
        ({"name": "a" * 300}, "name is 'aaa"),
        ({"simulation": {"sample_interval": 1e-300}}, "sample_interval is 1e-300: it must be a whole multiple of"),
        (
            {"system": {"name": "phi4_chain", "parameters": {"n_variables": 10**9}}},
            "parameter 'n_variables' of phi4_chain is 1000000000: it must lie between ±100000",
        ),
        (
            {"system": {"name": "lorenz63", "parameters": {"rayleigh": 10**400}}},
            "parameter 'rayleigh' of lorenz63 is 1000",
        ),
        ({"estimator": {"sigma": [0.1, 0.2, 0.1]}}, "estimator.sigma lists 0.1 twice: each value once is enough"),
    ],
    ids=lambda value: value if isinstance(value, str) else next(iter(value)),
)
def test_absurd_settings_are_refused(settings, sentence):
    with pytest.raises(ConfigError) as error:
        parsed(settings)
    said = str(error.value)
    assert sentence in said and "\n" not in said


def test_absurd_threads_are_refused():
    with pytest.raises(ConfigError, match=r"threads\.fit_score is 1000000000: input should be less than"):
        parsed({}, threads={"fit_score": 10**9})


@pytest.mark.parametrize("name", ["store", "logs"])
def test_no_run_has_the_name_of_a_folder_of_all_runs(name):
    raw = {"name": name, "experiments": [BLOCK]}
    with pytest.raises(ConfigError, match=f"name: '{name}' is what a folder of all runs is called"):
        parse_config(raw)


def test_the_limits_can_be_raised():
    settings = {"network": {"hidden": [4000, 4000]}}
    with pytest.raises(ConfigError, match=r"make 1.6e\+07 parameters, more than limits.parameters = 1e\+07 allows"):
        parsed(settings)
    assert parsed(settings, limits={"parameters": 1e8})[1]
    with pytest.raises(ConfigError, match=r"more than limits.steps = 1000 allows"):
        parsed({}, limits={"steps": 1e3})


def test_the_systems_defaults_are_within_the_limits():
    for name in ("lorenz63", "lorenz96", "kuramoto_sivashinsky", "phi4_chain", "reduced_triad"):
        assert parsed({"system": {"name": name}})[1]
