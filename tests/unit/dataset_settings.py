"""Configurations of one block whose data are from a file."""

import numpy as np
import pytest

from kgmm.config.parsing import ConfigError, parse_config

RNG = np.random.default_rng(0)


def save(values, name="x.npy"):
    np.save(name, values)
    return name


def raw(system=None, defaults=None, **block):
    system = {"kind": "dataset", "name": "mine", "path": "x.npy", "time_step": 1.0} | (system or {})
    return {"name": "test", "defaults": defaults or {}, "experiments": [{"name": "block", "system": system, **block}]}


def experiments(system=None, **settings):
    return parse_config(raw(system, **settings))[1]


def refusal(system=None, **settings) -> str:
    with pytest.raises(ConfigError) as error:
        parse_config(raw(system, **settings))
    message = str(error.value)
    assert "\n" not in message and message.startswith("experiments[0] (block)")
    return message


def correlated(n=4000, copies=4):
    """Every value several times in a row."""
    return np.repeat(RNG.standard_normal((n // copies, 1)), copies, axis=0)
