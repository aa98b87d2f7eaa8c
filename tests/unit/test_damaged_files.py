"""Files of models and cells that are damaged or made up: refused in one sentence, or read as what they say."""

import json
import time

import numpy as np
import pytest
import xarray as xr

import kgmm
from kgmm.langevin.circulation import Circulation
from kgmm.langevin.polynomials import PolynomialBasis

RNG = np.random.default_rng(0)
X = RNG.standard_normal((2000, 2)) @ np.array([[1.0, 0.4], [0.0, 2.0]])
POINTS = X[:5]
NETWORK = kgmm.ScoreModel.fit(kgmm.KGMM(sigma=0.4, min_probability=0.02).fit(X), hidden=(8, 4), max_iterations=5)
POLYNOMIAL = kgmm.fit_score(kgmm.get_system("phi4_chain", n_variables=2).sample(3000, RNG), families=("polynomial",))
SPLINE = kgmm.fit_score(X[:500, :1] ** 3, families=("spline",))
GRADIENT = kgmm.fit_score(np.where(X > 0, X + 2.0, X - 2.0), 0.4, hidden=(8,), families=("network",))
CELLS = kgmm.KGMM(sigma=0.4, min_probability=0.1, max_draws=2, min_draws=2).fit(X).cell_score_
FIELD = Circulation(PolynomialBasis.of_degree(np.zeros(2), np.ones(2), 2), RNG.standard_normal((1, 6)))


def evaluate_cells(cells: kgmm.CellScore) -> np.ndarray:
    cells.predict(POINTS)
    return cells.score_at(POINTS)


READERS = {
    "network": (NETWORK.to_dataset(), kgmm.ScoreModel.from_dataset, lambda model: model(POINTS)),
    "polynomial": (POLYNOMIAL.to_dataset(), kgmm.ScoreModel.from_dataset, lambda model: model(POINTS)),
    "spline": (SPLINE.to_dataset(), kgmm.ScoreModel.from_dataset, lambda model: model(POINTS[:, :1]) + 0 * POINTS),
    "gradient": (GRADIENT.to_dataset(), kgmm.ScoreModel.from_dataset, lambda model: model(POINTS)),
    "cells": (CELLS.to_dataset(), kgmm.CellScore.from_dataset, evaluate_cells),
    "circulation": (FIELD.to_dataset(), Circulation.from_dataset, lambda field: field.divergence(POINTS)),
}
JUNK = ("", "x", "[1", "{}", -1, 0, 0.5, 10**9, 1e300, float("nan"), float("inf"), np.array([1.0, 2.0]), "[1000000000]")


def mutated(dataset: xr.Dataset, rng: np.random.Generator) -> xr.Dataset:
    """The dataset with one thing changed."""
    result = dataset.copy(deep=True)
    kind = rng.integers(6)
    if kind < 2 and result.attrs:
        name = rng.choice(sorted(result.attrs))
        if kind:
            result.attrs[name] = JUNK[rng.integers(len(JUNK))]
        else:
            del result.attrs[name]
        return result
    name = str(rng.choice(sorted(map(str, result.data_vars))))
    values = result[name].values.copy()
    if kind == 2 or not values.size:
        return result.drop_vars(name)
    if kind == 3:  # another length, in dimensions of its own
        flat = values.reshape(-1)[: max(1, values.size - 1)] if rng.integers(2) else np.stack([values, values])
        return result.drop_vars(name).assign({name: ([f"other_{k}" for k in range(flat.ndim)], flat)})
    if kind == 4:
        as_text = np.array([str(v) for v in values.reshape(-1)], dtype=object).reshape(values.shape)
        result[name] = (result[name].dims, as_text)
        return result
    wrong = (np.nan, np.inf, 1e300, -1e9, 1e9)[rng.integers(5)]
    values = values.astype(float)
    values.reshape(-1)[rng.integers(values.size)] = wrong
    result[name] = (result[name].dims, values)
    return result


@pytest.mark.parametrize("name", READERS)
def test_a_thousand_changes_are_refused_in_a_sentence_or_harmless(name):
    dataset, read, evaluate = READERS[name]
    assert np.isfinite(evaluate(read(dataset))).all()
    rng = np.random.default_rng(1)
    refused = 0
    for _ in range(1000):
        start = time.monotonic()
        try:
            found = read(mutated(dataset, rng))
        except ValueError as error:
            refused += 1
            assert "\n" not in str(error) and 10 < len(str(error)) < 500, str(error)
        else:
            assert np.shape(evaluate(found)) == (len(POINTS), 2)
        assert time.monotonic() - start < 10
    assert refused > 300


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"sigma": -1.0}, "sigma is -1.0"),
        ({"sigma": float("nan")}, "sigma is nan"),
        ({"activation": "relu"}, "activation is 'relu'"),
        ({"version": 99}, "version 99"),
        ({"hidden": json.dumps([8, 5])}, "hidden is"),
        ({"format": "something"}, "this is no score model"),
    ],
)
def test_what_contradicts_itself_is_named(change, sentence):
    dataset = NETWORK.to_dataset()
    dataset.attrs.update(change)
    with pytest.raises(ValueError, match=sentence):
        kgmm.ScoreModel.from_dataset(dataset)


def test_values_that_no_data_have_are_refused():
    for name, value, sentence in (
        ("scale", 0.0, "scale must be positive"), ("lower", 1e6, "lower below upper"), ("mean", 1e300, "mean must lie"),
        ("scale", 1e-300, "scale is no deviation"), ("scale", 1e9, "scale is no deviation"),
    ):  # fmt: skip
        dataset = NETWORK.to_dataset()
        dataset[name] = (dataset[name].dims, np.full(2, value))
        with pytest.raises(ValueError, match=sentence):
            kgmm.ScoreModel.from_dataset(dataset)
    dataset = GRADIENT.to_dataset()
    dataset["precision"] = (dataset["precision"].dims, np.diag([1.0, 1e300]))
    with pytest.raises(ValueError, match="precision holds 1e"):
        kgmm.ScoreModel.from_dataset(dataset)


def test_a_sentence_is_short_whatever_the_file_says():
    dataset = NETWORK.to_dataset()
    dataset.attrs["sigma"] = 10**6 * "x"
    with pytest.raises(ValueError, match="sigma is 'xxx") as refused:
        kgmm.ScoreModel.from_dataset(dataset)
    assert len(str(refused.value)) < 400 and str(refused.value).endswith("a number is needed")


def test_a_tree_deeper_than_its_nodes_does_not_hang():
    dataset = CELLS.to_dataset()
    dataset.attrs["tree_depth"] = 10**9
    with pytest.raises(ValueError, match="depth of the tree is 1000000000"):
        kgmm.CellScore.from_dataset(dataset)


@pytest.mark.parametrize("load", [kgmm.ScoreModel.load, kgmm.CellScore.load, kgmm.PreparedCells.load])
def test_files_that_are_none(load, tmp_path):
    with pytest.raises(FileNotFoundError, match="does not exist"):
        load(tmp_path / "missing.nc")
    for number, content in enumerate((b"", b"text", RNG.bytes(5000), b"\x89HDF\r\n\x1a\n" + RNG.bytes(500))):
        file = tmp_path / f"{number}.nc"
        file.write_bytes(content)
        with pytest.raises(ValueError, match="holds no"):
            load(file)
    NETWORK.save(tmp_path / "cut.nc")
    content = (tmp_path / "cut.nc").read_bytes()
    (tmp_path / "cut.nc").write_bytes(content[: len(content) // 2])
    with pytest.raises(ValueError):
        load(tmp_path / "cut.nc")
