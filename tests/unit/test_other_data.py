"""A score and a path that may not belong together."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

from kgmm.data.standardization import Standardization
from kgmm.langevin.other_data import refuse_other_data

WELLS = np.random.default_rng(0).normal(size=(4000, 1)) * 0.3 + np.repeat([-1.0, 3.0], [3000, 1000])[:, None]


class Fitted:
    standardization = Standardization.of(WELLS)


def test_the_same_data_pass_without_a_word():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        refuse_other_data(Fitted(), WELLS[::7])
        refuse_other_data(lambda x: -x, 1e6 + WELLS)


def test_a_stay_in_one_of_two_wells_is_a_warning():
    with pytest.warns(UserWarning, match="the path is a part of the data of the score, .* variable 1 had mean"):
        refuse_other_data(Fitted(), WELLS[3000:])


@pytest.mark.parametrize("path", [1000.0 * WELLS, WELLS / 1000.0, WELLS[3000:] + 10.0, 3.0 * WELLS, WELLS + 2.5])
def test_other_units_and_other_data_are_refused(path):
    with pytest.raises(ValueError, match="the score is of other data: variable 1 had mean"):
        refuse_other_data(Fitted(), path)
