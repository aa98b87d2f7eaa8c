"""What cannot be used is refused with a message that names what was given and what is allowed."""

import numpy as np
import pytest

from kgmm import KGMM, DirectGMM, ScoreModel, get_system
from kgmm.data.standardization import Standardization, check_samples
from kgmm.sde.ensemble import steps_in
from kgmm.sde.schemes import get_scheme

X = np.random.default_rng(0).standard_normal((1000, 2))


def with_values(*entries) -> np.ndarray:
    x = X.copy()
    for row, column, value in entries:
        x[row, column] = value
    return x


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"sigma": 0.0}, "sigma is 0.0: input should be greater than 0"),
        ({"sigma": -0.1}, "sigma is -0.1: input should be greater than 0"),
        ({"sigma": float("nan")}, "sigma is nan: input should be"),
        ({"sigma": float("inf")}, "sigma is inf"),
        ({"cells": "quadratic"}, "cells is 'quadratic': input should be 'auto', 'constant' or 'linear'"),
        ({"min_probability": 0.0}, "min_probability is 0.0: input should be greater than 0"),
        ({"min_probability": 1.0}, "min_probability is 1.0: input should be less than 1"),
        ({"min_probability": 0.004}, r"min_probability is 0\.004: 1000 samples allow no less than 0\.005"),
        ({"max_draws": 7}, "max_draws is 7: input should be a multiple of 2"),
        ({"max_draws": 0}, "max_draws is 0: input should be greater than or equal to 2"),
        ({"min_draws": 0}, "min_draws is 0: input should be greater than or equal to 1"),
        ({"min_draws": 66}, "min_draws is 66: it must not exceed max_draws = 64"),
        ({"stopping": "soon"}, "stopping is 'soon': input should be 'stderr', 'paper' or 'fixed'"),
        ({"n_blocks": 1}, "n_blocks is 1: input should be greater than or equal to 2"),
    ],
)
def test_kgmm_refuses_parameters(parameters, message):
    with pytest.raises(ValueError, match=message):
        KGMM(**{"sigma": 0.1, "min_probability": 0.05, **parameters}).fit(X)


DATA = [
    pytest.param(X[:, 0], r"X has shape \(1000,\): \(n_samples, n_features\) is expected", id="1-d"),
    pytest.param(X[None], r"X has shape \(1, 1000, 2\)", id="3-d"),
    pytest.param(X.astype(str), "real numbers are expected", id="text"),
    pytest.param(X.astype(complex), "X has type complex128, real numbers are expected", id="complex"),
    pytest.param(
        with_values((7, 1, np.nan), (300, 0, np.inf)),
        "X has 2 NaN or inf values, the first in sample 7, feature 1",
        id="two non-finite",
    ),
    pytest.param(
        with_values((5, 0, np.inf), (6, 0, -np.inf), (900, 1, np.nan)),
        "X has 3 NaN or inf values, the first in sample 5, feature 0",
        id="infinities that cancel",
    ),
    pytest.param(np.column_stack([X[:, 0], np.full(1000, 0.1)]), "feature 1 of X is constant", id="constant"),
    pytest.param(X[:1], "X has 1 samples: at least .* are needed", id="too few"),
    pytest.param(X[:, :0], r"X has 0 feature\(s\) \(shape=\(1000, 0\)\) while a minimum", id="no features"),
]


@pytest.mark.parametrize(("data", "message"), DATA)
@pytest.mark.parametrize("estimator", [KGMM(0.1, 0.05), DirectGMM(0.1)], ids=["KGMM", "DirectGMM"])
def test_estimators_refuse_data(estimator, data, message):
    with pytest.raises(ValueError, match=message):
        estimator.fit(data)


def test_kgmm_needs_two_samples_per_block():
    with pytest.raises(ValueError, match="X has 39 samples: at least 40 are needed"):
        KGMM(0.1, 0.5).fit(X[:39])
    assert len(KGMM(0.1, 0.5).fit(X[:40]).counts_) >= 1


@pytest.mark.parametrize("sigma", [0.0, -1.0, float("nan")])
def test_direct_mixture_refuses_sigma(sigma):
    with pytest.raises(ValueError, match=f"sigma is {sigma}: input should be"):
        DirectGMM(sigma).fit(X)


def test_other_numbers_of_features_are_refused():
    cells = KGMM(0.2, 0.05, max_draws=2, min_draws=2).fit(X)
    model = ScoreModel.fit(cells, hidden=(4,), max_iterations=10)
    mixture = DirectGMM(0.2).fit(X)
    of_estimators = (cells.predict, cells.score_at, mixture.score_at)
    for function in (*of_estimators, cells.cell_score_, mixture.mixture_, model, model.divergence):
        with pytest.raises(ValueError, match=r"X has 3 features(: the model was fitted with|, but .* is expecting) 2"):
            function(np.zeros((5, 3)))
        with pytest.raises(ValueError, match="1 NaN or inf values, the first in sample 2, feature 1"):
            function(with_values((2, 1, np.nan))[:5])


def test_large_finite_values_are_not_taken_for_infinite():
    huge = np.full((4, 1), 1e308)
    np.testing.assert_array_equal(check_samples(huge), huge)  # their sum overflows


def test_constant_column_with_rounding_is_refused():
    with pytest.raises(ValueError, match="feature 0 of X is constant: it has no density"):
        Standardization.of(np.full((3333, 1), 0.1, dtype=np.float32))


@pytest.mark.parametrize("duration", [0.015, -0.01, float("inf"), float("nan")])
def test_duration_that_is_no_number_of_steps_is_refused(duration):
    with pytest.raises(ValueError, match=f"burn_in is {duration}: it must be a non-negative multiple of dt = 0.01"):
        steps_in(duration, 0.01, "burn_in")


def test_durations_in_steps():
    assert [steps_in(t, dt, "t") for t, dt in ((0.3, 0.1), (0.0, 0.1), (15.0, 0.01), (1e4, 0.005))] == [
        3, 0, 1500, 2_000_000,
    ]  # fmt: skip


def test_unknown_names_list_the_known_ones():
    with pytest.raises(ValueError, match="unknown scheme 'rk5': known are etdrk4, euler_maruyama, heun"):
        get_scheme("rk5")
    with pytest.raises(ValueError, match=r"unknown system 'double_wel': known are .*; did you mean 'double_well'\?"):
        get_system("double_wel")
    with pytest.raises(ValueError, match="asymmetric_potential has no parameter 'c': its parameters are a1, a2, b1"):
        get_system("asymmetric_potential", c=1.0)
    with pytest.raises(ValueError, match="double_well has no parameter 'a': it has none"):
        get_system("double_well", a=1.0)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"decay1": "1"}, "parameter 'decay1' of ornstein_uhlenbeck is '1': a float is expected"),
        ({"decay1": True}, "parameter 'decay1' of ornstein_uhlenbeck is True: a float is expected"),
        ({"decay2": 0}, "decay rates are 1.0 and 0.0: both must be positive"),
        ({"noise1": -1.0}, "noise amplitudes are -1.0 and 1.5: both must be positive"),
        ({"rotation": float("inf")}, "ornstein_uhlenbeck.rotation is inf; it must be a finite number"),
    ],
)
def test_systems_refuse_values(parameters, message):
    with pytest.raises(ValueError, match=message):
        get_system("ornstein_uhlenbeck", **parameters)
