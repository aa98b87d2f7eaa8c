"""Bad input is refused before any job; scientific failures are results; nothing finished is lost."""

from __future__ import annotations

import copy

import pandas as pd
import pytest

from tests.workflow.tiny import TINY

pytestmark = pytest.mark.workflow


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda e: e["estimator"].update(sigma=-1.0), "estimator.sigma is -1.0: input should be greater than 0"),
        (lambda e: e["estimator"].update(sgima=0.1), "estimator.sgima is an unknown key"),
        (lambda e: e["system"].update(name="duoble_well"), "did you mean 'double_well'?"),
        (lambda e: e["estimator"].update(min_probability=1e-5), "allow no less than"),
        (lambda e: e["simulation"].update(dt=0.003), "it must be a whole multiple of 0.003"),
    ],
)
def test_bad_configuration_is_one_sentence(new_project, change, sentence):
    project = new_project()
    config = copy.deepcopy(TINY)
    change(config["experiments"][0])
    result = project.snakemake("--configfile", project.write_config("bad.yaml", config))
    assert result.returncode != 0
    assert sentence in result.stderr
    assert "Traceback" not in result.stderr
    assert not (project.root / "results").exists()


@pytest.fixture(scope="module")
def half_failed(new_project):
    """A run of two blocks, one of which diverges."""
    project = new_project()
    config = copy.deepcopy(TINY)
    diverging = copy.deepcopy(config["experiments"][0])
    diverging["name"] = "diverging"
    diverging["simulation"].update(dt=0.5, sample_interval=1.0, path_interval=0.5, path_length=100.0)
    config["experiments"].append(diverging)
    result = project.snakemake("--configfile", project.write_config("half.yaml", config))
    return project, result


def test_a_failed_result_makes_the_run_fail_after_its_report(half_failed):
    project, result = half_failed
    assert result.returncode != 0
    report = (project.root / "results/tiny/report.html").read_text()
    assert "double_well diverged: scheme heun with dt = 0.5 left member" in report
    # The end of the log of a failed job is on the terminal.
    assert "11 of 22 results failed" in result.stderr + result.stdout


def test_the_rest_of_the_run_is_complete(half_failed):
    project, _ = half_failed
    metrics = pd.read_csv(project.root / "results/tiny/metrics.csv")
    by_block = metrics.groupby("block")["status"].unique()
    assert list(by_block["double_well"]) == ["ok"]
    assert list(by_block["diverging"]) == ["failed"]
    rows = metrics[metrics["block"] == "double_well"]
    # In ten time units no trajectory changes wells: what needs its time scale is left open.
    of_time = rows["statistic"].str.startswith(("autocorrelation", "decorrelation", "integrated", "reversible"))
    assert rows.loc[~of_time, "value"].notna().all()


def test_no_partial_files_are_left(half_failed):
    project, _ = half_failed
    assert not list((project.root / "results").rglob("*.part"))
