"""The figure of a ring: a column for each number of its points."""

from kgmm.figures.drawing import draw
from tests.unit.figure_results import gather, panels, ring_rows, title_of


def test_ring_has_a_column_for_each_number_of_points_that_has_a_model(tmp_path):
    rows = ring_rows(tmp_path, (8, 4))
    rows.append(rows[0] | {"comparison": None, "comparison_fitted": None})
    dataset = gather(rows)
    assert list(dataset["points"]) == [4, 8] and list(dataset["distance"]) == [1, 2]
    figure = draw(dataset)
    axes = panels(figure)
    assert len(axes) == 2 * 6
    assert [title_of(ax) for ax in axes[:2]] == ["4 points", "8 points"]
    assert [ax.get_ylabel() for ax in axes[::2]] == [
        "data", "model", "density of v", "v at point i + 1", "v at point i + 2", "autocorrelation of v",
    ]  # fmt: skip
    # The density is the same for every Φ, the clock is not.
    assert [line.get_label() for line in axes[4].lines] == ["held-out data", "blurred data", "model, fitted Φ"]
    (legend,) = figure.subfigs[1].legends
    assert {text.get_text() for text in legend.get_texts()} == {
        "held-out data", "blurred data", "model, fitted Φ", "model, Φ = I (its clock is arbitrary)",
    }  # fmt: skip
    assert [ax.get_xlabel() for ax in axes[4:10:2]] == ["v", "v at point i", "v at point i"]
    for places, data, model in ((4, axes[0], axes[2]), (8, axes[1], axes[3])):
        shown = [ax.collections[0] for ax in (data, model)]
        assert all(mesh.get_array().shape[0] == places for mesh in shown)
        assert shown[0].get_clim() == shown[1].get_clim()


def test_ring_of_one_number_of_points_is_two_by_two(tmp_path):
    axes = panels(draw(gather(ring_rows(tmp_path, (4,)))))
    corners = [ax.get_subplotspec() for ax in axes[2:]]
    assert [(c.rowspan.start, c.colspan.start) for c in corners] == [(0, 0), (0, 1), (1, 0), (1, 1)]
    assert [ax.get_ylabel() for ax in axes] == [
        "data",
        "model",
        "density of v",
        "v at point i + 1",
        "v at point i + 2",
        "autocorrelation of v",
    ]


def test_ring_without_a_model_is_empty(tmp_path):
    row = ring_rows(tmp_path, (4,))[0] | {"comparison": None, "comparison_fitted": None}
    assert gather([row]).attrs["kind"] == "empty"
