"""What jobs ask of a cluster: every stage has limits in one place, which grow, and no file needs to be edited."""

from __future__ import annotations

import re
from pathlib import Path
from types import SimpleNamespace

import pytest
from snakemake.cli import parse_set_resources
from snakemake.exceptions import WorkflowError
from snakemake.profiles import ProfileConfigFileParser
from snakemake.resources import Resources

from kgmm.config.stages import STAGES
from kgmm.jobs import cluster, resume

ROOT = Path(__file__).parents[2]
PROFILE = ROOT / "profiles/slurm/config.yaml"
_CONTEXT = {"input": [], "threads": 1, "rulename": "rule", "async_run": None}


def profile() -> dict:
    with PROFILE.open() as file:
        return ProfileConfigFileParser().parse(file)


def asked(resource, attempt: int):
    return resource.evaluate(None, attempt=attempt, **_CONTEXT).value


@pytest.fixture
def variables(monkeypatch):
    for name in ("SBATCH_ACCOUNT", "SBATCH_PARTITION", "SBATCH_QOS"):
        monkeypatch.delenv(name, raising=False)
    return monkeypatch


def test_every_stage_has_limits_that_grow(variables):
    requests = parse_set_resources(profile()["set-resources"])
    assert set(requests) == set(STAGES)
    for stage in STAGES:
        for name in ("mem_mb", "runtime"):
            first, second, third = (asked(requests[stage].get(name), attempt) for attempt in (1, 2, 3))
            assert 0 < first < second < third
    defaults = Resources.parse(profile()["default-resources"], allow_expressions=True)
    assert asked(defaults.get("mem_mb"), 2) == 3000


@pytest.mark.parametrize("value", ["short", "gpu-long", "2024", "input", "a.b"])
def test_where_to_compute_comes_from_the_variables_of_sbatch(variables, value):
    variables.setenv("SBATCH_PARTITION", value)
    variables.setenv("SBATCH_ACCOUNT", value)
    variables.setenv("SBATCH_QOS", value)
    defaults = Resources.parse(profile()["default-resources"], allow_expressions=True)
    assert [str(asked(defaults.get(name), 1)) for name in ("slurm_partition", "slurm_account", "qos")] == [value] * 3


def test_without_them_nothing_is_asked(variables):
    names = {entry.split("=")[0] for entry in profile()["default-resources"]}
    assert names == {"mem_mb", "runtime"}


def test_the_profile_says_in_one_sentence_that_its_package_is_missing(monkeypatch):
    monkeypatch.setattr(cluster, "find_spec", lambda name: None)
    with pytest.raises(SystemExit, match="profiles/slurm needs the package snakemake-executor-plugin-slurm"):
        profile()


def test_a_machine_without_slurm_is_refused(monkeypatch):
    monkeypatch.setattr(cluster.shutil, "which", lambda command: None)
    cluster.refuse_missing_commands("local")
    with pytest.raises(WorkflowError, match="jobs to SLURM, and this machine has no sbatch, squeue, scancel"):
        cluster.refuse_missing_commands("slurm")


def test_a_job_of_several_tasks_asks_for_the_time_of_all_and_the_memory_of_one():
    expressions = ["mem_mb=1000 * attempt", "runtime=20 * attempt", "gres='gpu:1'"]
    requests = Resources.parse(expressions, allow_expressions=True)
    scaled = {name: cluster.scaled(request, 6) for name, request in requests.items()}
    for attempt in (1, 2):
        values = {name: request(None, attempt=attempt, **_CONTEXT) for name, request in scaled.items()}
        assert values == {"mem_mb": 1000 * attempt, "runtime": 120 * attempt, "gres": "gpu:1"}
    fixed = Resources.parse(["runtime=20"], allow_expressions=True).get("runtime")
    assert cluster.scaled(fixed, 3)(None, attempt=1, **_CONTEXT) == 60


@pytest.mark.parametrize(("minutes", "n_tasks", "asked"), [(120, 10, 1200), (120, 13, 1440), (2000, 10, 2000)])
def test_a_job_asks_for_a_day_at_most_unless_one_task_takes_longer(minutes, n_tasks, asked):
    """A partition that allows no more would keep it waiting for ever."""
    request = Resources.parse([f"runtime={minutes} * attempt"], allow_expressions=True).get("runtime")
    assert cluster.scaled(request, n_tasks)(None, attempt=1, **_CONTEXT) == asked


def test_stages_that_compute_on_the_device_ask_for_a_gpu():
    """What a stage computes with is in its module, and in those of the same package that it imports."""

    def computes_on_device(stage: str) -> bool:
        folder = ROOT / "src/kgmm/stages"
        text = (folder / f"{stage}.py").read_text()
        helpers = re.findall(r"from kgmm\.stages\.(\w+) import", text)
        return any(
            "job.device" in source for source in (text, *((folder / f"{name}.py").read_text() for name in helpers))
        )

    for name, stage in STAGES.items():
        # Evaluations have inputs of methods, and compute nothing with them on a device.
        assert stage.on_device == (computes_on_device(name) and name != "evaluate_score")
        assert cluster.gpu_request(name, "cuda") == ({"gres": "gpu:1"} if stage.on_device else {})
        assert cluster.gpu_request(name, "cpu") == cluster.gpu_request(name, "auto") == {}


def test_a_folder_without_a_run_has_nothing_to_resume(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit, match="nothing to resume: no run was started in"):
        resume.resume()


def test_only_jobs_of_this_folder_are_cancelled(tmp_path, monkeypatch):
    """Not those of other folders, and not the user's own."""
    monkeypatch.chdir(tmp_path)
    answers = [f"1|kgmm_a|{tmp_path}\n2|kgmm_b|/elsewhere\n3|mine|{tmp_path}\n", ""]
    cancelled = []

    def command(words, **_):
        if words[0] == "scancel":
            cancelled.extend(words[1:])
            return None
        return SimpleNamespace(stdout=answers.pop(0))

    monkeypatch.setattr(resume.subprocess, "run", command)
    monkeypatch.setattr(resume.time, "sleep", lambda seconds: None)
    resume.cancel_jobs()
    assert cancelled == ["1"] and answers == []
