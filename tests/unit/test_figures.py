"""What holds for figures of every kind: letters, legends, captions, names, failed results."""

import itertools

import numpy as np
import pytest
import xarray as xr
from matplotlib.legend import Legend

from kgmm.figures import drawing
from kgmm.figures.drawing import draw, publish
from kgmm.figures.registry import figure_kind, figure_kinds
from kgmm.figures.style import letter, new_figure
from kgmm.jobs.failures import write_failed
from tests.unit.figure_results import gather, model_summary, panels, ring_rows, rows_of


@pytest.mark.parametrize(("index", "mark"), [(0, "(a)"), (25, "(z)"), (26, "(aa)"), (51, "(az)"), (52, "(ba)")])
def test_panels_beyond_the_alphabet_have_two_letters(index, mark):
    ax = new_figure(1, 1).subplots()
    letter(ax, index)
    assert ax.get_title(loc="left") == mark


def test_a_title_stands_behind_its_letter():
    ax = new_figure(1, 1).subplots()
    ax.set_title("much wider than its panel", fontsize=7)
    letter(ax, 1)
    left = ax.get_title(loc="left")
    assert left.startswith(r"$\mathbf{(b)}$") and left.endswith("much wider than its panel") and not ax.get_title()


def drawn_figures(folder):
    for dimension, sigmas in ((1, (0.1, 0.2, 0.3, 0.5)), (2, (0.1,)), (3, (0.1,))):
        yield gather(rows_of(folder, dimension, sigmas, with_fitted=True, blurred=dimension > 1))
    yield gather(ring_rows(folder, (8, 4)))
    metrics = [
        {"statistic": name, "variable": "x", "value": 0.1, "stderr": 0.01, "floor": 0.01}
        for name in ("relative_entropy", "joint_total_variation", "autocorrelation_error_5", "reversible_bound")
    ]
    yield model_summary(folder, metrics=metrics, mobility="slope")


def test_no_legend_lies_over_another_text_of_its_figure(tmp_path):
    for dataset in drawn_figures(tmp_path):
        figure = draw(dataset)
        figure.draw_without_rendering()
        page = figure.bbox
        legends = [legend.get_window_extent() for legend in figure.findobj(Legend)]
        letters = [ax._left_title.get_window_extent() for ax in panels(figure)]
        assert legends and not any(box.overlaps(other) for box in legends for other in letters), dataset.attrs
        assert not any(a.overlaps(b) for a, b in itertools.combinations(legends, 2)), dataset.attrs
        assert all(box.x0 >= page.x0 - 1 and box.x1 <= page.x1 + 1 for box in legends), dataset.attrs


def test_names_are_no_formulas(tmp_path):
    rows = rows_of(tmp_path, 3, (0.1,))
    dataset = gather(rows).assign_coords(variable=[r"$\frac$", "a_b$", "c^2"])
    publish(dataset, *(tmp_path / f"x.{suffix}" for suffix in ("png", "pdf", "nc")))
    with xr.open_dataset(tmp_path / "x.nc") as stored:
        assert list(stored["variable"].values) == [r"$\frac$", "a_b$", "c^2"]
    with pytest.raises(ValueError):
        draw(dataset).savefig(tmp_path / "y.png")


def test_no_picture_is_blamed_for_a_full_disk(tmp_path, monkeypatch):
    """An empty picture would be drawn in its place, and stay when there is room again."""
    files = [tmp_path / f"x.{suffix}" for suffix in ("png", "pdf", "nc")]
    monkeypatch.setattr(drawing, "page_of", lambda *given: (_ for _ in ()).throw(RuntimeError("NetCDF: HDF error")))
    assert drawing.draw_picture("trajectory", "x", ["x.nc"], *files)["status"] == "failed"
    monkeypatch.setattr(drawing, "is_full", lambda path: True)
    with pytest.raises(RuntimeError, match="HDF error"):
        drawing.draw_picture("trajectory", "x", ["x.nc"], *files)


def test_failed_results_are_left_out(tmp_path):
    rows = rows_of(tmp_path, 1, (0.1, 0.5))
    write_failed(tmp_path / "e0.5.nc", "diverged")
    write_failed(tmp_path / "c0.1.nc", "members left the box")
    dataset = gather(rows)
    np.testing.assert_array_equal(dataset["sigma"], [0.1])
    assert "density_model" not in dataset
    write_failed(tmp_path / "e0.1.nc", "diverged")
    nothing = gather(rows)
    assert nothing.attrs["kind"] == "empty"
    assert "No usable result" in draw(nothing).texts[0].get_text()


def test_replicates_after_the_first_are_left_out(tmp_path):
    rows = rows_of(tmp_path, 1, (0.1, 0.5))
    rows[1]["replicate"] = 1
    assert gather(rows).sizes["panel"] == 1


def test_the_dataset_beside_the_figure_draws_the_same_figure(tmp_path):
    dataset = gather(rows_of(tmp_path, 2, (0.1,)))
    dataset.to_netcdf(tmp_path / "figure.nc")
    with xr.open_dataset(tmp_path / "figure.nc") as stored:
        assert len(draw(stored.load()).axes) == len(draw(dataset).axes)


def test_captions_tell_of_what_is_shown_and_of_nothing_else(tmp_path):
    def caption(dataset):
        return figure_kind(dataset.attrs["kind"]).caption(dataset)

    plain = gather(rows_of(tmp_path, 3, (0.1,)))
    assert not any(word in caption(plain) for word in ("Black", "Pink", "ends where"))
    blurred = gather(rows_of(tmp_path, 3, (0.1,), blurred=True)).copy(deep=True)
    blurred["autocorrelation_model"][-1] = np.nan
    assert "Pink" in caption(blurred) and "ends where" in caption(blurred)
    profile = gather(rows_of(tmp_path, 1, (0.1,), with_model=False))
    assert "Shaded" in caption(profile) and "A column" not in caption(profile)
    without = profile.drop_vars(("cell_center", "cell_score", "cell_stderr"))
    assert "Shaded" not in caption(without)
    assert "A column for each" in caption(gather(rows_of(tmp_path, 1, (0.1, 0.5))))
    ring = gather(ring_rows(tmp_path, (8, 4)))
    assert "Pink" in caption(ring) and "ends where" not in caption(ring)


@pytest.mark.parametrize("kind", [name for name in figure_kinds() if name != "empty"])
def test_every_kind_has_a_caption(kind):
    assert callable(figure_kind(kind).caption)
