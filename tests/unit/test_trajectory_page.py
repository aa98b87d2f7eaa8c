"""The page of a trajectory: paths, densities and autocorrelations, or the diagram of a ring."""

from types import SimpleNamespace

import numpy as np
import pytest
import xarray as xr

from kgmm import get_system
from kgmm.data.trajectory import as_trajectory
from kgmm.figures.drawing import draw, page_of
from kgmm.jobs.failures import write_failed
from kgmm.statistics.description import describe
from tests.unit.figure_results import panels

RNG = np.random.default_rng(0)


def page(folder, n_features, system=None, n_path=50):
    """The page of noise, by way of the file that the workflow writes."""
    names = [f"v{k}" for k in range(n_features)]
    samples = as_trajectory(RNG.standard_normal((30, 20, n_features)), names, 0.5)
    path = as_trajectory(RNG.standard_normal((2, n_path, n_features)).astype(np.float32), names, 0.1)
    describe(samples, path, system, np.full(n_features, 7.0)).to_netcdf(folder / "description.nc")
    return page_of(folder / "description.nc", "trajectory")


@pytest.mark.parametrize(("n_features", "rows"), [(1, 1), (2, 2), (4, 4), (6, 4)])
def test_page_of_variables_has_a_row_for_each_of_the_first_four(tmp_path, n_features, rows):
    dataset = page(tmp_path, n_features)
    assert dataset.attrs["kind"] == "trajectory"
    axes = panels(draw(dataset))
    assert len(axes) == 3 * rows
    assert [ax.get_title(loc="left") for ax in axes] == [f"({chr(97 + k)})" for k in range(3 * rows)]
    for k in range(rows):
        path, density, correlation = axes[3 * k : 3 * k + 3]
        assert path.get_ylabel() == density.get_xlabel() == f"v{k}"
        assert density.get_ylabel() == f"density of v{k}"
        assert correlation.get_ylabel() == f"autocorrelation of v{k}"
        (line,) = path.get_lines()
        np.testing.assert_array_equal(line.get_ydata(), dataset["path"][:, k])
        np.testing.assert_allclose(line.get_xdata(), 0.1 * np.arange(1, 51))
        (histogram,) = density.get_lines()
        np.testing.assert_array_equal(histogram.get_ydata(), dataset["density"][k])
        zero, rho = correlation.get_lines()
        assert set(zero.get_ydata()) == {0}
        np.testing.assert_array_equal(rho.get_ydata(), dataset["autocorrelation"][:, k])
        assert rho.get_ydata()[0] == 1.0
        assert density.get_legend() is None  # a single curve needs none
    assert "time" in axes[-3].get_xlabel() and "lag" in axes[-1].get_xlabel()
    assert all(ax.get_xlabel() == "" for ax in axes[0:-3:3])


def test_page_of_a_known_density_shows_it_and_says_which_is_which(tmp_path):
    axes = panels(draw(page(tmp_path, 2, get_system("ornstein_uhlenbeck"))))
    exact, samples = axes[1].get_lines()
    assert [text.get_text() for text in axes[1].get_legend().get_texts()] == ["exact", "samples"]
    assert len(axes[4].get_lines()) == 2 and axes[4].get_legend() is None
    assert (exact.get_linestyle(), exact.get_color()) != (samples.get_linestyle(), samples.get_color())


def test_page_of_a_ring_has_a_diagram_and_the_spectrum(tmp_path):
    dataset = page(tmp_path, 16, SimpleNamespace(is_ring=True, has_exact_density=False))
    figure = draw(dataset)
    diagram, density, correlation, spectrum = panels(figure)
    assert len(figure.axes) == 5  # and the colour bar
    assert (diagram.get_ylabel(), diagram.get_xlabel()[:4]) == ("grid point", "time")
    (mesh,) = diagram.collections
    np.testing.assert_array_equal(mesh.get_array(), dataset["path"].values.T)
    lower, upper = mesh.get_clim()
    assert -lower == upper == np.abs(dataset["path"]).max()
    assert density.get_xlabel() == "u" and "autocorrelation of u" in correlation.get_ylabel()
    assert spectrum.get_yscale() == "log" and "wave number" in spectrum.get_xlabel()
    (line,) = spectrum.get_lines()
    np.testing.assert_array_equal(line.get_xdata(), np.arange(1, 9))  # the mean is no wave
    np.testing.assert_array_equal(line.get_ydata(), dataset["energy"][1:])
    assert [ax.get_title(loc="left") for ax in panels(figure)] == ["(a)", "(b)", "(c)", "(d)"]


def test_energies_of_rounding_are_not_drawn(tmp_path):
    dataset = page(tmp_path, 16, SimpleNamespace(is_ring=True, has_exact_density=False)).copy(deep=True)
    dataset["energy"][5:] = 1e-20
    (line,) = panels(draw(dataset))[3].get_lines()
    np.testing.assert_array_equal(line.get_xdata(), [1, 2, 3, 4])


def test_page_of_a_failed_trajectory_says_that_there_is_none(tmp_path):
    write_failed(tmp_path / "description.nc", "double_well diverged")
    dataset = page_of(tmp_path / "description.nc", "trajectory")
    assert dataset.attrs["kind"] == "empty"
    assert "No usable result" in draw(dataset).texts[0].get_text()


def test_the_dataset_beside_the_page_draws_the_same_page(tmp_path):
    dataset = page(tmp_path, 2)
    dataset.to_netcdf(tmp_path / "figure.nc")
    with xr.open_dataset(tmp_path / "figure.nc") as stored:
        lines = [
            [line.get_ydata() for ax in panels(draw(d)) for line in ax.get_lines()] for d in (dataset, stored.load())
        ]
    for ours, theirs in zip(*lines, strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_the_same_page_gives_the_same_bytes(tmp_path):
    from kgmm.figures.style import save

    dataset = page(tmp_path, 2)
    for name in ("a", "b"):
        save(draw(dataset), tmp_path / f"{name}.png", tmp_path / f"{name}.pdf")
    for suffix in ("png", "pdf"):
        assert (tmp_path / f"a.{suffix}").read_bytes() == (tmp_path / f"b.{suffix}").read_bytes()
