"""``kgmm inspect``, ``model`` and ``init``: what they say, what they write, and one sentence for every mistake."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from kgmm.cli.configuration import name_of
from kgmm.cli.main import main
from kgmm.jobs.local_run import LocalRun
from kgmm.jobs.one_at_a_time import one_at_a_time
from kgmm.report.verdicts import verdicts
from kgmm.tables.metrics import WARNING

RNG = np.random.default_rng(3)


def relaxation(n_times: int, n_features: int, step: float = 0.2) -> np.ndarray:
    """An Ornstein–Uhlenbeck path with unit variance and relaxation time, exact at every step."""
    decay = np.exp(-step)
    noise = RNG.standard_normal((n_times, n_features)) * (1 - decay**2) ** 0.5
    x = np.empty((n_times, n_features))
    x[0] = RNG.standard_normal(n_features)
    for k in range(1, n_times):
        x[k] = decay * x[k - 1] + noise[k]
    return x


@pytest.fixture(scope="module")
def series(tmp_path_factory):
    """A file with two variables, 8000 states of step 0.2."""
    file = tmp_path_factory.mktemp("data") / "Two winds.csv"
    table = pd.DataFrame(relaxation(8000, 2), columns=["u", "v"])
    table.insert(0, "time", 0.2 * np.arange(8000))
    table.to_csv(file, index=False)
    return file


@pytest.fixture(scope="module")
def modelled(series, tmp_path_factory):
    """The folder that ``kgmm model`` has written, its exit status, and what it said."""
    folder = tmp_path_factory.mktemp("output") / "model"
    command = [sys.executable, "-m", "kgmm.cli.main", "model", str(series), "--output", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=series.parent)
    return folder, done


def test_inspect_tells_size_and_time_scales(series, capsys):
    assert main(["inspect", str(series)]) == 0
    said = capsys.readouterr().out
    assert said.startswith("8000 states of 2 variables, one every 0.2: worth ")
    row = next(line for line in said.splitlines() if line.startswith("u ")).split()
    assert float(row[2]) == pytest.approx(1.0, abs=0.1)  # four standard errors of the deviation
    assert float(row[5]) == pytest.approx(1.0, abs=0.2)
    assert "nothing was found" in said
    assert f"kgmm model '{series}'" in said


def test_inspect_names_what_will_be_a_problem(tmp_path, capsys):
    x = relaxation(2000, 1)
    x[::25] = -9999.0
    np.save(tmp_path / "x.npy", x)
    assert main(["inspect", str(tmp_path / "x.npy"), "--time-step", "0.2"]) == 0
    said = capsys.readouterr().out
    assert "what will be a problem" in said and "-9999" in said


def test_inspect_does_not_load_torch(series):
    code = "import sys; from kgmm.cli.main import main; main(sys.argv[1:]); assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code, "inspect", str(series)], check=True, capture_output=True)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["inspect", "gone.csv"], "the data file gone.csv does not exist"),
        (["model", "gone.csv"], "gone.csv does not exist"),
        (["init", "gone.csv"], "gone.csv does not exist"),
        (["inspect", "{file}", "--variables", "w"], "has no column 'w': it has time, u, v"),
        (["inspect", "{file}", "--time-step", "-1"], "time_step is -1.0: input should be greater than 0"),
        (["model", "{file}", "--sigma", "0"], "estimator.sigma is 0.0"),
    ],
)
def test_mistakes_are_one_sentence(series, tmp_path, monkeypatch, capsys, arguments, sentence):
    monkeypatch.chdir(tmp_path)
    assert main([argument.format(file=series) for argument in arguments]) == 2
    said = capsys.readouterr().err
    assert sentence in said and said.startswith("kgmm: ") and said.count("\n") == 1


def test_the_report_and_its_verdict_come_last(modelled):
    folder, done = modelled
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[-1] == str(folder / "report.html")
    assert lines[-2].startswith("The model can be used for densities, joint densities, time scales and tails")
    page = (folder / "report.html").read_text()
    assert lines[-2].removesuffix(".") in page
    assert done.stderr.count(" s  ") >= 6  # a line for each step


def test_the_model_is_that_of_the_process(modelled):
    folder, _ = modelled
    table = pd.read_csv(folder / "results/two-winds/metrics.csv")
    found = table[table["mobility"].isin(["slope", "matched", "finite lag"]) & (table["statistic"] == "mobility")]
    diagonal = found[found["variable"].isin(["1,1", "2,2"])]
    assert len(diagonal) == 2
    assert diagonal["value"].between(0.75, 1.25).all(), diagonal[["variable", "value", "stderr"]]


def test_the_same_command_computes_nothing_again(modelled, series):
    folder, _ = modelled
    before = {file: file.stat().st_mtime_ns for file in (folder / "results/store").rglob("*.nc")}
    assert before and main(["model", str(series), "--output", str(folder)]) == 0
    assert {file: file.stat().st_mtime_ns for file in before} == before


def test_the_configuration_of_init_is_that_of_the_model(modelled, series, monkeypatch, capsys):
    folder, _ = modelled
    monkeypatch.chdir(folder)
    capsys.readouterr()
    assert main(["init", str(series)]) == 0
    text = capsys.readouterr().out
    assert text.startswith("# ") and "#" in text.splitlines()[4]
    run = LocalRun(yaml.safe_load(text))
    assert all(os.path.exists(task.receipt) for task in run.plan.all_tasks())


def test_a_model_that_fails_says_why(tmp_path, monkeypatch, capsys):
    """A random walk never decorrelates."""
    monkeypatch.chdir(tmp_path)
    np.save("walk.npy", np.cumsum(RNG.standard_normal(3000)))
    status = main(["model", "walk.npy", "--time-step", "1", "--output", "walk"])
    said = capsys.readouterr().out.splitlines()
    assert status == 1
    assert said[-1].endswith("report.html") and os.path.exists("walk/report.html")
    assert "should not be used" in said[-2] and "decorrelat" in said[-2]


def test_a_second_run_in_the_same_folder_is_refused(series, tmp_path, capsys):
    command = ["model", str(series), "--output", str(tmp_path)]
    with one_at_a_time(tmp_path):
        assert main(command) == 2
    assert f"another kgmm model is at work in {tmp_path}: wait for its end" in capsys.readouterr().err
    assert not (tmp_path / "results").exists()
    with one_at_a_time(tmp_path):
        pass  # the first has ended


def test_a_short_series_is_refused_with_how_many_states_are_needed(tmp_path, capsys):
    np.savetxt(tmp_path / "short.txt", RNG.standard_normal(100))
    assert main(["model", str(tmp_path / "short.txt"), "--time-step", "1", "--output", str(tmp_path / "out")]) == 2
    said = capsys.readouterr().err
    assert "has 100 states: 80 are left for the fit when 0.2 of them are held out" in said
    assert "and 19 for that; the fit takes 100, the comparison 40" in said
    assert "about 211 states are needed" in said


def test_as_many_states_as_are_asked_for_give_a_verdict_and_one_less_is_refused(tmp_path, capsys):
    states = np.random.default_rng(0).standard_normal(211)
    states = np.convolve(states, 0.6 ** np.arange(20))[:211]
    for n_states in (210, 211):
        file = tmp_path / f"short{n_states}.txt"
        np.savetxt(file, states[:n_states])
        status = main(["model", str(file), "--time-step", "1", "--output", str(tmp_path / "out")])
        said = capsys.readouterr()
        assert status == (2 if n_states == 210 else 0), said.err
    assert "The model can be used for" in said.out
    # What could not be judged has its reason, with the length that it takes.
    assert "time scales (the held-out part must hold 20 stretches of five decorrelation times: about" in said.out
    assert "The relative error of the score is estimated at" in said.out


def test_an_inspection_leaves_nothing_behind(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    shutil.copy(Path(__file__).parents[2] / "examples/nino12.csv", "series.csv")
    assert main(["inspect", "series.csv"]) == 0
    assert "to be done: about" in capsys.readouterr().out
    assert [path.name for path in tmp_path.iterdir()] == ["series.csv"]


def test_a_season_is_found_and_its_remedy_named(capsys):
    file = Path(__file__).parents[2] / "examples/nino12.csv"
    assert main(["inspect", str(file)]) == 0
    assert "77 % of the variance of nino12 are its mean season: give --anomalies monthly" in capsys.readouterr().out
    assert main(["inspect", str(file), "--anomalies", "monthly"]) == 0
    said = capsys.readouterr().out
    assert "mean season" not in said and "preparation: monthly means were subtracted" in said
    start = said.index("next: ")
    following, cost = said[start:].splitlines()[:2]
    assert "estimate mobility         1" in said[start:]
    assert following == f"next: kgmm model {file} --anomalies monthly"
    assert re.match(r"to be done: about \d+ (seconds|minutes) of core time \(", cost)


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("A b-c.csv", "a_b_c"), ("x.nc", "x"), ("…", "series"), ("2020.csv", "2020"), ("Store.csv", "store_series"),
        (f"{'a' * 59}-b.csv", "a" * 59), (f"{'a' * 200}.csv", "a" * 60),
    ],
)  # fmt: skip
def test_names_of_runs(file, name):
    assert name_of(file) == name


def test_a_coarse_resolution_sets_the_noise_amplitude(tmp_path, capsys):
    np.save(tmp_path / "x.npy", np.round(relaxation(4000, 1) * 4) / 4)
    assert main(["init", str(tmp_path / "x.npy"), "--time-step", "0.2"]) == 0
    sigma = yaml.safe_load(capsys.readouterr().out)["experiments"][0]["estimator"]["sigma"]
    assert sigma == pytest.approx(0.25, abs=0.06)


def test_a_missing_package_is_named_with_its_extra(series):
    code = "import sys; sys.modules['jinja2'] = None; from kgmm.cli.main import main; sys.exit(main(sys.argv[1:]))"
    done = subprocess.run([sys.executable, "-c", code, "model", str(series)], capture_output=True, text=True)
    assert done.returncode == 2
    assert done.stderr == "kgmm: the package jinja2 is missing: pip install kgmm[report]\n"


def test_the_tree_rings_and_their_difficulties(tmp_path, capsys):
    examples = shutil.copytree(Path(__file__).parents[2] / "examples", tmp_path / "examples")
    subprocess.run([sys.executable, "tree_rings.py"], cwd=examples, check=True, capture_output=True)
    assert main(["inspect", str(examples / "tree_rings.csv")]) == 0
    said = capsys.readouterr().out
    assert said.startswith("7980 states of 1 variable, one every 1: worth 19")
    assert "width is saved 0.8 times in a decorrelation time" in said and "it may not be stationary" in said


def test_what_the_check_of_a_model_found_is_in_the_verdict():
    columns = [
        "sigma",
        "method",
        "mobility",
        "statistic",
        "variable",
        "value",
        "stderr",
        "floor",
        "data_value",
        "reason",
    ]
    row = [0.05, "stable", "matched", "relative_entropy", "x", 0.001, 0.001, 0.001, np.nan, ""]
    found = [0.05, "stable", "matched", WARNING, "", np.nan, np.nan, np.nan, np.nan, "the clock is off by 0.3"]
    metrics = pd.DataFrame([row, found], columns=columns).assign(status="ok")
    (one,) = verdicts(metrics, pd.DataFrame({"limits": ["", np.nan]}))
    assert str(one.verdict) == (
        "The model can be used for densities; but the clock is off by 0.3. The error of the score itself is unknown."
    )
    assert not one.verdict.holds
    estimate = [0.05, "stable", np.nan, "error_estimate", "", 0.0004, np.nan, np.nan, np.nan, ""]
    metrics = pd.DataFrame([row, estimate], columns=columns).assign(status="ok")
    (one,) = verdicts(metrics, pd.DataFrame({"limits": [""]}))
    assert str(one.verdict).endswith("The relative error of the score is estimated at 2 %, root mean square.")


def test_a_technical_failure_is_said_in_plain_words_with_what_may_help():
    reason = (
        "constant: no constant mobility: linear inverse: the model needs a time step of 0.00022: 120068 steps for 20 "
        "decorrelation times of the data; state: one variable has no circulation"
    )
    row = {"sigma": 0.05, "method": "stable", "mobility": np.nan, "statistic": "comparison", "variable": ""}
    row |= {"value": np.nan, "stderr": np.nan, "floor": np.nan, "data_value": np.nan, "reason": reason}
    metrics = pd.DataFrame([row]).assign(status="failed")
    (one,) = verdicts(metrics, pd.DataFrame({"limits": [""]}))
    said = str(one.verdict)
    assert "so steep somewhere that the model cannot be simulated" in said and "--missing" in said
    assert "time step" not in said and "mobility" not in said
