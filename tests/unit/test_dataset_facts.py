"""What is known of a file is kept: it is read once, and again when it changes."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from kgmm.config import dataset_facts as facts_module
from kgmm.config.dataset_facts import dataset_facts
from kgmm.data.options import ReadingOptions
from tests.unit.dataset_settings import correlated, experiments, raw, save

pytestmark = pytest.mark.usefixtures("nothing_known")
RNG = np.random.default_rng(0)


def facts(path="x.npy", variables=None, **options):
    """As in a new process."""
    dataset_facts.cache_clear()
    return dataset_facts(path, variables, ReadingOptions(**{"time_step": 1.0} | options))


@pytest.fixture
def inspections(monkeypatch):
    """Names of the files that were read through, in order."""
    seen = []
    inspect = facts_module._inspect

    def counted(series, path):
        seen.append(path)
        return inspect(series, path)

    monkeypatch.setattr(facts_module, "_inspect", counted)
    return seen


def test_a_file_is_read_once(inspections):
    save(RNG.standard_normal((1000, 2)))
    first = facts()
    assert facts() == facts() == first
    assert inspections == ["x.npy"]
    (kept,) = Path("results/store/datasets/facts").iterdir()
    assert json.loads(kept.read_text())["content"] == first.content


def test_within_a_process_the_file_is_not_even_looked_at_again(inspections):
    save(RNG.standard_normal((1000, 2)))
    experiments(estimator={"sigma": [0.1, 0.2, 0.3]})
    assert inspections == ["x.npy"]


def test_a_file_is_read_again_when_it_changes(inspections):
    # Every value several times: the sizes are below the number of samples, and so differ.
    save(np.hstack([correlated(1000), correlated(1000)]))
    first = facts()
    save(np.hstack([correlated(1000), correlated(1000)]))
    os.utime("x.npy", ns=(1, 1))
    second = facts()
    assert inspections == ["x.npy", "x.npy"]
    assert second.content != first.content and second.effective_size != first.effective_size
    save(RNG.standard_normal((1200, 2)))
    assert facts().n_times == 1200


def test_a_file_is_read_again_when_its_old_date_is_put_back(inspections):
    save(RNG.standard_normal((1000, 2)))
    first, stat = facts(), os.stat("x.npy")
    save(RNG.standard_normal((1000, 2)))
    os.utime("x.npy", ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert facts().content != first.content
    assert len(inspections) == 2


def test_touching_a_file_changes_no_fact(inspections):
    save(RNG.standard_normal((1000, 2)))
    first = facts()
    os.utime("x.npy", ns=(1, 1))
    assert facts() == first
    assert len(inspections) == 2


def test_other_options_are_other_facts(inspections):
    save(RNG.standard_normal((1000, 2)))
    assert facts().time_step == 1.0
    assert facts(time_step=2.0).time_step == 2.0
    assert facts(variables=("a", "b")).variables == ["a", "b"]
    assert facts().variables == ["x1", "x2"]
    assert len(inspections) == 3


def test_nothing_is_kept_of_data_that_are_refused():
    values = RNG.standard_normal((1000, 2))
    values[3, 0] = np.inf
    save(values)
    with pytest.raises(ValueError, match="non-finite"):
        facts()
    assert not list(Path().rglob("*.json")) and not list(Path().rglob("*.part"))
    values[3, 0] = 0.0
    save(values)
    assert facts().n_times == 1000


def test_a_file_that_is_gone_is_refused_though_its_facts_are_kept():
    save(RNG.standard_normal((1000, 2)))
    facts()
    Path("x.npy").unlink()
    with pytest.raises(ValueError, match=r"the data file x.npy does not exist"):
        facts()


def test_planning_with_data_imports_no_torch():
    save(RNG.standard_normal((1000, 2)))
    code = (
        "import sys, json; from kgmm.config.parsing import parse_config; parse_config(json.load(sys.stdin));"
        "print([m for m in ('torch', 'matplotlib', 'pandas') if m in sys.modules])"
    )
    for _ in range(2):  # the first time the file is read through, the second time not
        done = subprocess.run(
            [sys.executable, "-c", code], input=json.dumps(raw()), capture_output=True, text=True, check=True
        )
        assert "torch" not in done.stdout and "matplotlib" not in done.stdout
