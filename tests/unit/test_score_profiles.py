"""The figure of scores of one variable: a column for each sigma."""

import numpy as np
import xarray as xr

from kgmm.figures.drawing import draw
from tests.unit.figure_results import gather, panels, rows_of, title_of


def test_score_profiles_have_a_column_for_each_sigma_in_order(tmp_path):
    dataset = gather(rows_of(tmp_path, 1, (0.5, 0.1)))
    assert dataset.attrs["kind"] == "score_profiles"
    np.testing.assert_array_equal(dataset["sigma"], [0.1, 0.5])
    assert dataset.sizes["cell"] == 10  # 10 cells at σ = 0.1; the 2 at σ = 0.5 are filled up
    assert int(np.isfinite(dataset["cell_center"].values).sum()) == 12
    figure = draw(dataset)
    axes = panels(figure)
    assert [title_of(ax) for ax in axes[:2]] == ["σ = 0.1", "σ = 0.5"]
    assert len(axes) == 8  # two columns: score, density, path, autocorrelation
    assert all(ax.get_xlabel() == "v0" for ax in axes[:4])
    assert all(ax.get_xlabel() == "lag τ" for ax in axes[6:])
    assert [axes[k].get_ylabel() for k in (0, 2, 4, 6)] == [
        "score  ∂ log p / ∂v0", "density  p(v0)", "v0", "autocorrelation of v0",
    ]  # fmt: skip
    labels = {text.get_text() for text in figure.legends[0].get_texts()}
    assert {"exact", "direct GMM score", "KGMM network", "KGMM cells ± standard error"} <= labels
    assert len(labels) == len(figure.legends[0].get_texts())  # a name once, though scores and densities have it
    network = next(line for line in axes[0].get_lines() if line.get_label() == "KGMM network")
    np.testing.assert_allclose(network.get_ydata(), -network.get_xdata() + 0.1)


def test_a_single_score_profile_is_two_by_two(tmp_path):
    axes = panels(draw(gather(rows_of(tmp_path, 1, (0.1,)))))
    corners = [ax.get_subplotspec() for ax in axes]
    assert [(c.rowspan.start, c.colspan.start) for c in corners] == [(0, 0), (0, 1), (1, 0), (1, 1)]
    assert [ax.get_xlabel() for ax in axes] == ["v0", "v0", "time t (of the model with Φ = I: arbitrary)", "lag τ"]


def test_a_score_is_shown_where_its_data_are(tmp_path):
    """A sample far out does not squeeze the rest; a long line of cells does not hide the curves."""
    rows = rows_of(tmp_path, 1, (0.1,), with_model=False)
    with xr.open_dataset(rows[0]["evaluation"]) as evaluation:
        far = evaluation.load().assign(x=("point", np.linspace(-2, 40, 50)))
    far["cell_center"][:] = np.linspace(-1, 1, 10)[:, None]
    far.to_netcdf(rows[0]["evaluation"])
    (ax,) = panels(draw(gather(rows)))
    np.testing.assert_allclose(ax.get_xlim(), [-1.6 - 0.16, 1.6 + 0.16])
    many = far.isel(cell=np.tile(np.arange(10), 7))
    many.to_netcdf(rows[0]["evaluation"])
    (ax,) = panels(draw(gather(rows)))
    network = next(line for line in ax.get_lines() if line.get_label() == "KGMM network")
    assert ax.containers[0].lines[0].get_zorder() < network.get_zorder()


def test_score_profiles_without_a_model_have_one_row(tmp_path):
    assert len(panels(draw(gather(rows_of(tmp_path, 1, (0.1,), with_model=False))))) == 1
