"""The public functions: one line each to say what they are, and refusals in one sentence."""

import inspect
import sys

import numpy as np
import pytest

import kgmm

PATH = kgmm.simulate("ornstein_uhlenbeck", n_members=20, n_times=400, interval=0.1, seed=0)
SYSTEM = kgmm.get_system("ornstein_uhlenbeck")


def test_public_names_lead_somewhere():
    for name in kgmm.__all__:
        assert inspect.getdoc(getattr(kgmm, name)), name
    assert "torch" in sys.modules


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda: kgmm.fit_score(PATH, method="best"), "method is 'best': it must be one of auto, kgmm, dsm"),
        (lambda: kgmm.fit_score(PATH, sigma=-1.0), "sigma is -1.0"),
        (lambda: kgmm.fit_langevin(PATH, circulation="some"), "circulation is 'some': it must be one of"),
        (lambda: kgmm.response(PATH, SYSTEM.score, np.ones(3)), r"perturbation has shape \(3,\): \(2,\) is expected"),
        (lambda: kgmm.response(PATH, SYSTEM.score, np.tanh), "its divergence is needed too"),
        (lambda: kgmm.response(PATH, SYSTEM.score, np.ones(2), longest=30.0), "longest is 30: a path of 20 members"),
        (lambda: kgmm.response(PATH, SYSTEM.score, np.ones(2), ["mode"]), "observables holds 'mode': known are mean"),
        (lambda: kgmm.read("nowhere.csv"), "the data file nowhere.csv does not exist"),
    ],
)
def test_refusals(call, sentence):
    with pytest.raises(ValueError, match=sentence):
        call()


def test_other_variables_are_refused():
    score = kgmm.fit_score(PATH[:, :, :1], sigma=0.3, method="kgmm", max_draws=4, max_iterations=5)
    for call in (lambda: kgmm.fit_langevin(PATH, score), lambda: kgmm.response(PATH, score, np.ones(2))):
        with pytest.raises(ValueError, match="the score is of 1 variables: the path has 2"):
            call()
    with pytest.raises(ValueError, match="the score is of other data: variable 1 had mean"):
        kgmm.fit_langevin(PATH[:, :, :1] + 273.15, score, circulation="none")
    with pytest.raises(ValueError, match="the model is of 1 variables: the path has 2"):
        kgmm.validate(kgmm.LangevinModel(score), PATH)


def test_the_score_of_an_array_is_that_of_the_path():
    options = {"sigma": 0.3, "method": "kgmm", "max_draws": 4, "max_iterations": 5, "random_state": 3}
    one, other = (kgmm.fit_score(data, **options) for data in (PATH, PATH.values.reshape(-1, 2).astype(float)))
    points = np.zeros((1, 2))
    np.testing.assert_array_equal(one(points), other(points))


def test_one_line_says_what_an_object_is():
    score = kgmm.fit_score(PATH, sigma=0.3, method="kgmm", max_draws=4, max_iterations=5)
    objects = [score, kgmm.LangevinModel(score), kgmm.KGMM(0.1), kgmm.DSM(0.1), SYSTEM, kgmm.Samples(PATH)]
    mobility = kgmm.estimate_mobility(kgmm.simulate("ornstein_uhlenbeck", n_members=20, n_times=2000, interval=0.02))
    for thing in [*objects, mobility]:
        text = repr(thing)
        assert "\n" not in text and len(text) < 250 and type(thing).__name__ in text, text
