"""The lines that the terminal shows of a run, from the records that Snakemake logs."""

import logging
from types import SimpleNamespace

import pytest
from snakemake_interface_logger_plugins.common import LogEvent

import snakemake_logger_plugin_kgmm as plugin

SETTINGS = SimpleNamespace(dryrun=False, quiet=set(), show_failed_logs=True)


@pytest.fixture
def handler(monkeypatch):
    """A handler, and a clock that tests set."""
    now = SimpleNamespace(seconds=0.0)
    monkeypatch.setattr(plugin.time, "monotonic", lambda: now.seconds)
    made = plugin.LogHandler(SETTINGS, None)
    made.now = now
    return made


def log(handler, message="", level=logging.INFO, **extra):
    record = logging.LogRecord("snakemake", level, "", 0, message, None, None)
    vars(record).update(extra)
    handler.emit(record)


def run_job(handler, jobid, rule, seconds, done, total, name="wells/sigma=0.1"):
    log(handler, event=LogEvent.JOB_INFO, jobid=jobid, rule_name=rule, wildcards={"key": name})
    handler.now.seconds += seconds
    log(handler, event=LogEvent.JOB_FINISHED, job_id=jobid)
    log(handler, event=LogEvent.PROGRESS, done=done, total=total)


def test_a_line_for_every_finished_job(handler, capsys):
    log(handler, event=LogEvent.RUN_INFO, stats={"fit_score": 2, "all": 1, "total": 3})
    run_job(handler, 7, "fit_score", 20.0, 1, 3)
    run_job(handler, 8, "fit_score", 40.0, 2, 3)
    lines = capsys.readouterr().err.splitlines()
    # After 20 s: one fit like it, and one job not yet seen that counts the same. After 60 s: that job, at the mean.
    assert lines == [
        "3 jobs",
        "1/3 fit score wells/sigma=0.1 (20 s), about 40 s left",
        "2/3 fit score wells/sigma=0.1 (40 s), about 30 s left",
    ]


def test_the_time_left_knows_that_rules_differ_and_that_jobs_run_side_by_side():
    clock = plugin.Clock()
    clock.expect({"long": 3, "short": 10})
    clock._start -= 50.0
    clock.finish("long", 90.0)
    clock.finish("short", 10.0)
    # Two at a time: 100 s of work in 50 s. Left are 2 × 90 + 9 × 10 s of work.
    assert clock.left() == pytest.approx(135.0, rel=0.01)


def test_the_scheduler_is_silent_and_errors_are_not(handler, capsys):
    for message in ("Building DAG of jobs...", "Select jobs to execute...", "Execute 2 jobs..."):
        log(handler, message)
    log(handler, event=LogEvent.RESOURCES_INFO, message="Provided cores: 2")
    assert capsys.readouterr().err == ""
    log(handler, "Nothing to be done (all requested files are present and up to date).")
    log(handler, "Error in rule fit_score", logging.ERROR)
    log(handler, "a warning", logging.WARNING)
    assert len(capsys.readouterr().err.splitlines()) == 3


def test_a_dry_run_is_shown_as_it_is(capsys):
    handler = plugin.LogHandler(SimpleNamespace(dryrun=True), None)
    log(handler, "This was a dry-run.")
    assert capsys.readouterr().err == "This was a dry-run.\n"


def test_jobs_of_several_tasks_count_for_their_stage(handler, capsys):
    jobs = {"fit_score": 1, "fit_score_24x_0a1b2c3d": 1, "fit_score_23x_ffffffff": 1, "total": 3}
    dry = plugin.LogHandler(SimpleNamespace(dryrun=True), None)
    log(dry, event=LogEvent.RUN_INFO, stats=jobs)
    rows = [line.split() for line in capsys.readouterr().err.splitlines()]
    assert ["fit_score", "3"] in rows and ["total", "3"] in rows
    log(handler, event=LogEvent.RUN_INFO, stats=jobs)
    log(handler, event=LogEvent.JOB_INFO, jobid=1, rule_name="fit_score_24x_0a1b2c3d", wildcards={})
    handler.now.seconds += 20.0
    log(handler, event=LogEvent.JOB_FINISHED, job_id=1)
    log(handler, event=LogEvent.PROGRESS, done=1, total=3)
    assert capsys.readouterr().err.splitlines()[1] == "1/3 fit score 24 tasks (20 s), about 40 s left"


@pytest.mark.parametrize(("seconds", "text"), [(3.4, "3 s"), (89.0, "89 s"), (150.0, "2 min"), (9000.0, "2.5 h")])
def test_durations(seconds, text):
    assert plugin.duration(seconds) == text
