"""What tables, pictures and the report read is compared with its checksums, and made anew where it differs."""

import json
import os
from dataclasses import dataclass
from pathlib import Path

import pytest

from kgmm.errors import DamagedResult
from kgmm.jobs.costs import write_facts
from kgmm.jobs.damage import checked, files_in, refuse_damaged
from kgmm.jobs.receipts import DAMAGED, checksum
from kgmm.jobs.tasks import STORE, done_file, maker_of, receipt_file
from kgmm.results import ExperimentResult
from kgmm.tables.costs import collect_costs

TABLE = "results/run/figures/wells.png"
SCORE = f"{STORE}/fit_score/wells/a-1/score.nc"
TIMES = f"{STORE}/receipts/race_score/wells/b-1/times.nc"


@pytest.fixture(autouse=True)
def in_a_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def write(path: str, text: str = "as it was made") -> str:
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Path(path).write_text(text)
    return path


def stored(path: str) -> ExperimentResult:
    """A result of the store with its receipt and done file."""
    stage, key, output = maker_of(write(path))
    write_facts(Path(receipt_file(stage, key)), {"status": "ok", "checksums": {output: checksum(path)}})
    write(done_file(stage, key))
    return ExperimentResult("wells", "double_well", "kgmm", 0.1, score=path)


def flip(path: str) -> None:
    """Changes one byte; size and time stamp stay."""
    content, stat = bytearray(Path(path).read_bytes()), os.stat(path)
    content[3] ^= 1
    Path(path).write_bytes(content)
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))


@pytest.mark.parametrize("path", [SCORE, TIMES])
@pytest.mark.parametrize(("harm", "said"), [(flip, "is damaged"), (os.unlink, "is gone")])
def test_a_damaged_result_is_not_drawn_and_its_task_is_marked(path, harm, said):
    result = stored(path)
    with checked(["figure", result]):
        pass
    harm(path)
    with pytest.raises(DamagedResult, match=f"{path} {said}.*; run again, and it is made anew"), checked([result]):
        pytest.fail("read")
    stage, key, _ = maker_of(path)
    assert json.loads(Path(receipt_file(stage, key)).read_text())["status"] == DAMAGED
    assert not Path(done_file(stage, key)).exists()


@pytest.mark.parametrize(("harm", "said"), [(flip, "is damaged"), (os.unlink, "is gone")])
def test_a_damaged_table_is_not_read_and_deleted(harm, said):
    with checked([], [TABLE]):
        write(TABLE)
    refuse_damaged([TABLE])
    harm(TABLE)
    with pytest.raises(DamagedResult, match=f"{TABLE} {said}"), checked({"metrics": TABLE}):
        pytest.fail("read")
    assert not Path(TABLE).exists()
    with checked([], [TABLE]):
        write(TABLE, "made anew")
    refuse_damaged([TABLE])


def test_what_has_no_checksum_is_not_compared():
    refuse_damaged([write("results/run/metrics.csv"), write("data.csv"), write(SCORE), "results/run/gone.csv"])
    with checked([], [write("data.csv")]):
        pass
    assert not list(Path("results").rglob("*.sha256"))


def test_files_are_found_in_records_and_mappings_and_nothing_else_is():
    @dataclass
    class Record:
        name: str
        files: tuple

    found = files_in([{"a": "results/run/a.csv", "b": 3.0}, Record("results", ("results/run/b.csv", None))])
    assert [path for path in found if path != "results"] == ["results/run/a.csv", "results/run/b.csv"]


def test_an_unreadable_record_of_costs_is_named():
    receipt = write(receipt_file("fit_score", "wells/a-1"), '{"stage": "fit_')
    with pytest.raises(DamagedResult, match=f"{receipt} is gone or damaged; run again"):
        collect_costs([receipt], "costs.csv")
    assert not Path(receipt).exists()
