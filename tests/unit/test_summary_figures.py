"""Figures over several experiments: the summary of models, and the overview."""

import numpy as np
import pytest
import xarray as xr

from kgmm.figures import drawing
from kgmm.figures.drawing import draw
from kgmm.results import ExperimentResult
from kgmm.statistics.metrics import metric_variables
from tests.unit.figure_results import model_summary, panels, rows_of, write_evaluation


def test_a_summary_has_a_mark_for_every_variable_and_model(tmp_path):
    entropies = [
        {"statistic": "relative_entropy", "variable": name, "value": value, "stderr": 0.1, "floor": 0.01}
        for name, value in (("x", 0.2), ("y", 0.4))
    ]
    clock = {"statistic": "autocorrelation_error_5", "variable": "x", "value": 0.3, "stderr": 0.1}
    baseline = {**entropies[0], "mobility": "linear inverse"}
    rows = [*entropies, clock, baseline, {"statistic": "mean", "variable": "x", "value": 1.0}]
    dataset = model_summary(tmp_path, metrics=rows, mobility="identity")
    # The clock of Φ = I is arbitrary, the baselines are no models of the score.
    np.testing.assert_array_equal(dataset["value"], [0.2, 0.4])
    (ax,) = panels(draw(dataset))
    marks = [line for line in ax.lines if line.get_marker() == "s"]
    np.testing.assert_array_equal(np.concatenate([line.get_xdata() for line in marks]), [0.2, 0.4])
    fitted = model_summary(tmp_path, metrics=rows, mobility="slope")
    assert list(fitted["statistic"].values) == ["relative_entropy"] * 2 + ["autocorrelation_error_5"]
    assert set(fitted["model"].values) == {"fitted"}


@pytest.mark.parametrize(
    ("title", "sigmas", "label"),
    [
        ("Lorenz 63 with noise", (0.1,), "Lorenz 63 with noise"),
        ("Double well: two noise amplitudes", (0.1, 0.2), "Double well, σ = 0.1"),
        ("Kuramoto–Sivashinsky, sixteen points, by the default estimator", (0.1,),
         "Kuramoto–Sivashinsky, sixteen points,\nby the default estimator"),
    ],
)  # fmt: skip
def test_a_summary_calls_experiments_by_their_headings(tmp_path, title, sigmas, label):
    path, evaluation = tmp_path / "c.nc", tmp_path / "e.nc"
    entropy = {"mobility": "identity", "statistic": "relative_entropy", "variable": "x", "value": 0.2, "floor": 0.1}
    xr.Dataset(metric_variables([entropy]), attrs={"mobility": "identity"}).to_netcdf(path)
    write_evaluation(evaluation, 1, 0.1)
    files = {"evaluation": str(evaluation), "comparison": str(path)}
    rows = [ExperimentResult("double_well", "test", "kgmm", sigma, title=title, **files) for sigma in sigmas]
    (ax,) = panels(draw(drawing.gather(rows, "model_summary")))
    assert ax.get_yticklabels()[0].get_text() == label


def test_the_overview_is_of_a_score_and_a_joint_density(tmp_path):
    score, model = (tmp_path / name for name in ("score", "model"))
    score.mkdir(), model.mkdir()
    results = [
        ExperimentResult("block", **{name: value for name, value in row.items() if name != "figure"})
        for row in rows_of(score, 1, (0.5, 0.1), with_model=False)
    ]
    others = [
        ExperimentResult("other", **{name: value for name, value in row.items() if name != "figure"})
        for row in rows_of(model, 3, (0.1,), with_fitted=True)
    ]
    dataset = drawing.gather([*results, *others], "overview")
    assert dataset.attrs["sigma"] == 0.1
    profile, data, fitted = panels(draw(dataset))
    assert {line.get_label() for line in profile.lines} == {"exact", "KGMM network", "direct GMM score"}
    np.testing.assert_array_equal(fitted.collections[0].get_array(), dataset["joint_curve_fitted"][1].values.T)
    assert data.collections[0].get_clim() == fitted.collections[0].get_clim()
