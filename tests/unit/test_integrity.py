"""``kgmm verify``, and what is compared at the start of every call: finished files against their checksums."""

import json
import os
from pathlib import Path

import pytest

from kgmm.cli.main import main
from kgmm.jobs.costs import write_facts
from kgmm.jobs.damage import checked
from kgmm.jobs.integrity import changed_files
from kgmm.jobs.receipts import DAMAGED, checksum
from kgmm.jobs.tasks import done_file, output_file, receipt_file

KEY = "wells/kgmm-sigma=0.05-1a2b"
SCORE, TIMES = output_file("fit_score", KEY, "score"), output_file("race_score", KEY, "times")
TABLE, PICTURE = "results/run/metrics.csv", "results/run/figures/wells.v2.png"
_STAGES = ("fit_score", "race_score")
FILES = (SCORE, TIMES, TABLE, PICTURE)


@pytest.fixture(autouse=True)
def finished(tmp_path, monkeypatch):
    """A folder with two results of tasks, a table and a picture."""
    monkeypatch.chdir(tmp_path)
    for path in FILES:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
    with checked([], [TABLE, PICTURE]):
        for path in FILES:
            Path(path).write_text(f"as it was made: {path}")
    for stage, name, path in (("fit_score", "score", SCORE), ("race_score", "times", TIMES)):
        write_facts(Path(receipt_file(stage, KEY)), {"status": "ok", "checksums": {name: checksum(path)}})
        done = Path(done_file(stage, KEY))
        done.parent.mkdir(parents=True)
        done.touch()
    return tmp_path


def flip(path: str) -> None:
    """Changes one byte; size and time stamp stay."""
    content, stat = bytearray(Path(path).read_bytes()), os.stat(path)
    content[3] ^= 1
    Path(path).write_bytes(content)
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))


def test_nothing_is_said_of_files_as_they_were_written(finished, monkeypatch, capsys):
    monkeypatch.chdir("/")
    assert main(["verify", str(finished)]) == 0
    assert capsys.readouterr().out == "all 4 files are as they were written\n"


@pytest.mark.parametrize(("harm", "said"), [(flip, "is damaged: its checksum is not that"), (os.unlink, "is gone")])
@pytest.mark.parametrize("path", FILES)
def test_one_file_that_differs_is_named(path, harm, said, capsys):
    harm(path)
    before = {file: file.read_bytes() for file in Path("results").rglob("*") if file.is_file()}
    assert main(["verify"]) == 1
    first, last = capsys.readouterr().out.splitlines()
    assert first.startswith(f"{path} {said}") and last.startswith("1 of 4 files are not as they were written; with --f")
    assert {file: file.read_bytes() for file in Path("results").rglob("*") if file.is_file()} == before


def test_what_is_forgotten_is_made_anew(capsys):
    for path in (SCORE, TABLE):
        flip(path)
    assert main(["verify", "--forget"]) == 1
    assert capsys.readouterr().out.endswith("2 of 4 files are not as they were written; the next run makes them anew\n")
    status = {stage: json.loads(Path(receipt_file(stage, KEY)).read_text())["status"] for stage in _STAGES}
    assert status == {"fit_score": DAMAGED, "race_score": "ok"}
    assert [Path(done_file(stage, KEY)).exists() for stage in _STAGES] == [False, True]
    assert [Path(path).exists() for path in FILES] == [True, True, False, True]


def test_a_folder_without_results_is_refused(tmp_path, capsys):
    (tmp_path / "empty").mkdir()
    assert main(["verify", str(tmp_path / "empty")]) == 2
    assert "empty holds no results with checksums" in capsys.readouterr().err
    assert main(["verify", str(tmp_path / "nowhere")]) == 2


def test_a_call_finds_what_was_changed_and_is_there():
    files = [TABLE, PICTURE, "results/run/checked.txt"]
    assert changed_files(files) == []
    flip(PICTURE)
    os.unlink(TABLE)
    assert changed_files(files) == [PICTURE]


def test_nothing_is_compared_while_another_call_writes():
    flip(TABLE)
    lock = Path(".snakemake/locks/0.output.lock")
    lock.parent.mkdir(parents=True)
    assert changed_files([TABLE]) == [TABLE]
    lock.touch()
    assert changed_files([TABLE]) == []
