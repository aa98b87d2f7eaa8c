"""Claims and manifest of a run: a claim that fails is in the report and makes the run fail; checksums are those."""

from __future__ import annotations

import hashlib
import json

import pandas as pd
import pytest

pytestmark = pytest.mark.workflow

ERROR = {"block": "double_well", "method": "kgmm", "sigma": 0.05, "statistic": "score_error"}
CLAIMS = {
    "name": "claimed",
    "claims": [
        {"claim": "within reach", "where": ERROR, "at_most": 1.0},
        {"claim": "out of reach", "where": ERROR, "at_most": 0.0},
        {"claim": "a matter of time", "where": ERROR, "at_most": 0.0, "counts": False},
    ],
}


@pytest.fixture(scope="module")
def claimed(quick_run):
    """The quick run once more, all of its results being there, with claims."""
    claims = quick_run.write_config("claimed.yaml", CLAIMS)
    return quick_run, quick_run.snakemake("--configfile", "config/quick.yaml", claims)


def test_a_claim_that_fails_makes_the_run_fail_after_its_report(claimed):
    project, result = claimed
    assert result.returncode != 0
    log = (project.root / "results/claimed/logs/check_run.log").read_text()
    assert "1 of 3 claims do not hold" in log
    assert "fails: out of reach" in log and "a matter of time" not in log
    report = (project.root / "results/claimed/report.html").read_text()
    assert "1 of 3 claims hold" in report
    verdicts = pd.read_csv(project.root / "results/claimed/verification.csv").set_index("claim")["verdict"]
    assert dict(verdicts) == {"within reach": "holds", "out of reach": "fails", "a matter of time": "fails"}


def test_the_manifest_has_the_checksum_of_every_file(quick_run):
    manifest = json.loads((quick_run.root / "results/quick/manifest.json").read_text())
    assert manifest["seed"] == manifest["config"]["seed"] == 20250318
    assert {"numpy", "torch", "snakemake"} <= set(manifest["versions"])
    files = manifest["files"]
    assert {"results/quick/report.html", "results/quick/metrics.csv", "results/quick/figures/double_well.pdf"} <= set(
        files
    )
    data = [path for path in files if path.startswith("results/store/")]
    assert len(data) > 20 and not any("/receipts/" in path for path in data)
    for path, checksum in files.items():
        assert hashlib.sha256((quick_run.root / path).read_bytes()).hexdigest() == checksum


def test_the_claims_of_the_paper_are_usable(quick_run):
    plan = quick_run.planned_jobs("--configfile", "config/config.yaml", "config/claims.yaml")
    assert plan["verify_claims"] == 1
