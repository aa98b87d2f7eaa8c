"""Tables that are easily read wrongly without a word: headers of numbers, blank lines, columns with some text."""

import numpy as np
import pandas as pd
import pytest

import kgmm

N = 60
X = np.random.default_rng(0).standard_normal((N, 2))


def write(path, rows, header=""):
    path.write_text("\n".join([header] * bool(header) + list(rows)) + "\n")
    return path


def rows(values=X):
    return [",".join(map(repr, row)) for row in values.tolist()]


@pytest.mark.parametrize("index", [False, True])
@pytest.mark.parametrize("names", [[0, 1], [101, 205]], ids=["numbered", "stations"])
def test_whole_numbers_over_fractions_are_names(tmp_path, names, index):
    pd.DataFrame(X, columns=names).to_csv(tmp_path / "x.csv", index=index)
    path = kgmm.read(tmp_path / "x.csv", time_step=1.0)
    np.testing.assert_array_equal(path.values[0], X)
    assert path["variable"].values.tolist() == [str(name) for name in names]


def test_a_column_without_a_name_is_known_by_its_number(tmp_path):
    pd.Series(X[:, 0]).to_csv(tmp_path / "x.csv", index=False)
    np.testing.assert_array_equal(kgmm.read(tmp_path / "x.csv", time_step=1.0).values[0], X[:, :1])
    pd.Series(X[:, 0], pd.date_range("2000-01-01", periods=N)).to_csv(tmp_path / "x.csv")
    assert kgmm.read(tmp_path / "x.csv").shape == (1, N, 1)


@pytest.mark.parametrize(
    ("first", "later"),
    [
        ("0,1", [f"{0.3 * k + 0.05},{x}" for k, x in enumerate(X[:, 0].tolist())]),  # a time and its state
        ("3,5", [f"{k % 7},{k % 5}" for k in range(N)]),
        ("0,1", [f"{x},{k % 5}" for k, x in enumerate(X[:, 0].tolist())]),
    ],
    ids=["time", "whole numbers", "one of fractions"],
)
def test_a_state_of_whole_numbers_is_no_header(tmp_path, first, later):
    path = kgmm.read(write(tmp_path / "x.csv", [first, *later]), time_step=1.0)
    assert path.sizes["time"] == N + 1


@pytest.mark.parametrize("columns", [1, 2])
def test_a_blank_line_is_a_missing_state_where_there_are_no_times(tmp_path, columns):
    values = rows(X[:, :columns])
    names = ",".join("uv"[:columns])
    file = write(tmp_path / "x.csv", [*values[:20], "", *values[20:]], names)
    with pytest.raises(ValueError, match=r"non-finite values, the first in 'u' at time index 20.*--gaps"):
        kgmm.read(file, time_step=1.0)
    assert kgmm.read(file, time_step=1.0, gaps="segments").shape == (2, 40, columns)
    # Between any two rows, or beside times, they mean nothing.
    assert kgmm.read(write(file, "\n\n".join(values).split("\n"), names), time_step=1.0).sizes["time"] == N
    dated = [f"{k},{row}" for k, row in enumerate(values)]
    assert kgmm.read(write(file, [*dated[:20], "", *dated[20:]], "time," + names)).sizes["time"] == N


def test_a_column_with_some_text_is_not_left_out(tmp_path):
    values = rows()
    values[7] = "0.5,1.2x"
    file = write(tmp_path / "x.csv", values, "u,v")
    with pytest.raises(ValueError, match=r"column 'v' of .* holds text: numbers are expected, and not '1.2x'"):
        kgmm.read(file, time_step=1.0)
    assert kgmm.read(file, ["u"], time_step=1.0).shape == (1, N, 1)
    # Words are no variable, integers beyond 64 bits are: too large for single precision, but not left out.
    words = [f"{row},station {k},{10**20 + k * 10**18}" for k, row in enumerate(rows())]
    file = write(file, words, "u,v,place,large")
    with pytest.raises(ValueError, match=r"variable 'large' of .* lies between 1e\+20"):
        kgmm.read(file, time_step=1.0)
