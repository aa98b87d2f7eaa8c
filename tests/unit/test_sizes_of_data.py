"""Too few samples for a setting are refused, with what they allow: the least p_min, parts, blocks."""

import numpy as np
import pytest

from kgmm.config.dataset_facts import dataset_facts
from kgmm.config.parsing import ConfigError, parse_config
from kgmm.data.observation import smallest_min_probability
from kgmm.data.options import ReadingOptions
from kgmm.score.kgmm import KGMM
from tests.unit.dataset_settings import correlated, experiments, refusal, save

pytestmark = pytest.mark.usefixtures("nothing_known")
RNG = np.random.default_rng(0)


def test_too_few_samples_for_p_min_are_refused_with_what_they_allow():
    save(correlated(), "y.npy")
    message = refusal({"path": "y.npy"}, estimator={"min_probability": 1e-3})
    found = dataset_facts("y.npy", None, ReadingOptions(time_step=1.0)).effective_size
    assert 450 < found < 2500  # of 4000: the reciprocal of 1000 has an error of 23 %
    assert message == (
        "experiments[0] (block): estimator.min_probability is 0.001: y.npy gives 3200 training samples, worth "
        f"{0.8 * found:.0f} independent ones, and 3200 samples allow no less than 0.0016 (5 samples per cell)"
    )
    (experiment,) = experiments({"path": "y.npy"}, estimator={"min_probability": 0.0016})
    assert experiment.estimator.min_probability == 0.0016


def allowed(message) -> float:
    return float(message.split("allow no less than ")[1].split(" ")[0])


@pytest.mark.parametrize("n_samples", [100, 101, 333, 700, 1024, 3000, 7777])
def test_the_p_min_that_a_message_allows_is_accepted(n_samples):
    """By the plan and by the estimator; a little less is refused by both."""
    save(RNG.standard_normal((10_000, 1)))
    least = allowed(refusal(data={"n_samples": n_samples}, estimator={"min_probability": 1e-5}))
    assert experiments(data={"n_samples": n_samples}, estimator={"min_probability": least})
    x = RNG.standard_normal((n_samples, 1))
    assert KGMM(0.2, least, max_draws=2, min_draws=2).fit(x).min_probability_ == least
    assert least <= 1.1 * 5 / n_samples
    less = 0.89 * least
    assert allowed(refusal(data={"n_samples": n_samples}, estimator={"min_probability": less})) == least
    with pytest.raises(ValueError, match="samples allow no less than"):
        KGMM(0.2, less, max_draws=2, min_draws=2).fit(x)


@pytest.mark.parametrize("n_samples", [100, 300, 700, 1024, 7777])
def test_the_p_min_that_the_estimator_allows_is_accepted(n_samples):
    x = RNG.standard_normal((n_samples, 1))
    with pytest.raises(ValueError) as error:
        KGMM(0.2, 1e-5).fit(x)
    assert KGMM(0.2, allowed(str(error.value)), max_draws=2, min_draws=2).fit(x).n_draws_ == 2


def test_what_is_allowed_is_rounded_up_by_less_than_a_tenth():
    for n in [*range(40, 5000), 12_345, 10**6, 10**8 + 1]:
        least = smallest_min_probability(n)
        assert n * float(f"{least:g}") >= 5  # as the message has it, and exactly as the checks compare
        assert least < 1.1 * 5 / n


def test_a_simulation_with_too_few_samples_says_so_in_its_own_words():
    block = {"name": "block", "system": {"name": "double_well"}, "simulation": {"n_members": 500, "n_times": 1}}
    block["estimator"] = {"min_probability": 1e-3}
    with pytest.raises(ConfigError) as error:
        parse_config({"name": "test", "experiments": [block]})
    assert "the simulation gives 400 training samples (400 members of 1), and 400 samples allow no less than" in str(
        error.value
    )
    block["estimator"] = {"min_probability": allowed(str(error.value))}
    assert parse_config({"name": "test", "experiments": [block]})[1]


def test_sizes_of_the_parts_are_looked_at():
    save(RNG.standard_normal((1000, 2)))
    assert "data.n_samples is 900: x.npy gives 800 training samples, worth" in refusal(data={"n_samples": 900})
    assert "data.held_out is 0.02: it leaves 10 samples, 20 are needed" in refusal(data={"held_out": 0.02})
    assert "estimator.n_blocks is 20: x.npy gives 10 training samples, worth" in refusal(data={"held_out": 0.99})
    save(RNG.standard_normal((40, 2)), "y.npy")
    message = refusal({"path": "y.npy"})
    assert "estimator.n_blocks is 20: y.npy gives 32 training samples, worth" in message
    assert "nan" not in message


def test_very_short_data_are_refused_with_numbers():
    save(RNG.standard_normal((10, 2)))
    with np.errstate(all="raise"):
        assert "nan" not in refusal()


@pytest.mark.parametrize("held_out", [0.55, 0.7])
def test_what_the_plan_accepts_the_estimator_fits(held_out):
    """p_min is chosen by itself: few training samples must not make it impossible."""
    values = RNG.standard_normal((200, 1))
    save(values)
    try:
        experiments(data={"held_out": held_out})
    except ConfigError:
        return
    assert len(KGMM(0.2).fit(values[: int((1 - held_out) * 200)]).counts_) >= 1


def test_few_independent_samples_are_warned_about_and_not_refused(caplog):
    save(np.repeat(RNG.standard_normal((200, 1)), 50, axis=0))
    experiments(estimator={"min_probability": 0.01})
    (record,) = caplog.records
    message = record.getMessage()
    assert "block: estimator.min_probability is 0.01, but x.npy gives 8000 training samples, worth" in message
    caplog.clear()
    experiments(estimator={"min_probability": 0.1})
    assert not caplog.records
