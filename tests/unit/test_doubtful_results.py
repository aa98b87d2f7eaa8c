"""Results that are due: changed code, inputs, files and receipts, damage; and those that are not."""

import json
import os
from pathlib import Path

import netCDF4
import pytest

from kgmm.jobs.damage import refuse_damaged_inputs
from kgmm.jobs.receipts import checksum
from kgmm.jobs.reruns import synchronize, why_due
from kgmm.jobs.tasks import Task
from tests.unit.small_jobs import run_all, score_of, task_of

pytestmark = pytest.mark.usefixtures("own_logging")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ("code", "its code has changed"),
        ("input", "an input has changed"),
        ("byte", "a file is missing or was changed"),
        ("truncated", "a file is missing or was changed"),
        ("deleted", "a file is missing or was changed"),
        ("receipt", "it was never computed"),
        ("damaged receipt", "it was never computed"),
    ],
)
def test_whatever_makes_a_result_doubtful_makes_it_due(folder, compute_with, change, reason):
    task = task_of("a-1")
    compute_with(lambda job: Path(job.outputs.score).write_text("result"))
    run_all(task)
    score = Path(task.outputs["score"])
    if change == "code":
        task = task_of("a-1", code="0ther")
    elif change == "input":
        with netCDF4.Dataset("data.nc", "w") as file:
            file.note = "other data"
    elif change == "byte":
        score.write_text("resulT")
    elif change == "truncated":
        score.write_text("res")
    elif change == "deleted":
        score.unlink()
    elif change == "receipt":
        Path(task.receipt).unlink()
    else:
        Path(task.receipt).write_text("{")
    assert why_due(task) == reason
    assert synchronize([task]) == ({} if "never" in reason else {reason: [task]})
    assert not Path(task.done).exists()
    run_all(task)
    assert score_of(task) == "result" and why_due(task) is None and synchronize([task]) == {}


def test_a_done_file_is_as_old_as_its_result(folder, compute_with):
    """A result that was there before is not newer than what follows from it."""
    task = task_of("a-1")
    compute_with(lambda job: Path(job.outputs.score).write_text("result"))
    run_all(task)
    stamp = Path(task.done).stat().st_mtime_ns
    Path(task.done).unlink()
    synchronize([task])
    assert Path(task.done).stat().st_mtime_ns == stamp == Path(task.receipt).stat().st_mtime_ns


def test_results_that_can_only_be_read_have_a_plan(folder, monkeypatch):
    """Where nothing can be deleted, an unlink of a file that is not there is refused as well."""
    monkeypatch.setattr(Path, "unlink", lambda *given, **options: (_ for _ in ()).throw(OSError(30, "Read-only")))
    assert synchronize([task_of("a-1")]) == {}


# Damage.


def chain(folder) -> tuple[Task, Task]:
    """A finished task, and one that reads its file."""
    first = task_of("a-1")
    second = Task(
        "evaluate_score", "wells/b-1", {"seed": 5, "device": "cpu"}, {"score": first.outputs["score"]}, (first.done,),
        "c0de", 1, depth=1,
    )  # fmt: skip
    return first, second


def write_one(job):
    with netCDF4.Dataset(job.outputs.score, "w") as file:
        file.note = "as it was computed"


@pytest.mark.parametrize("damage", ["one byte", "truncated", "empty", "gone"])
def test_a_damaged_input_is_refused_and_made_again(folder, compute_with, damage):
    """Also if the file is as old and as long as before."""
    first, second = chain(folder)
    compute_with(write_one)
    run_all(first)
    file = Path(first.outputs["score"])
    content, stamp = bytearray(file.read_bytes()), file.stat().st_mtime_ns
    if damage == "one byte":
        content[len(content) // 2] ^= 1
    file.write_bytes(content[: {"truncated": 100, "empty": 0}.get(damage, len(content))])
    os.utime(file, ns=(stamp, stamp))
    if damage == "one byte":
        assert why_due(first) is None  # the plan does not read files
    if damage == "gone":
        file.unlink()
    compute_with(lambda job: pytest.fail("read"), stage="evaluate_score")
    with pytest.raises(RuntimeError, match=r"(is damaged: its checksum|is gone).*run again, and it is made anew"):
        run_all(second)
    assert not Path(first.done).exists()
    assert why_due(first) == "a file was damaged or gone"
    assert "a file was damaged or gone" in synchronize([first, second])
    compute_with(write_one)
    run_all(first)
    assert why_due(first) is None


def test_files_from_outside_and_old_receipts_are_not_compared(folder, compute_with):
    first, second = chain(folder)
    compute_with(write_one)
    run_all(first)
    receipt = Path(first.receipt)
    facts = json.loads(receipt.read_text())
    assert facts.pop("checksums")["score"] == checksum(first.outputs["score"])
    receipt.write_text(json.dumps(facts))
    refuse_damaged_inputs(second)
    refuse_damaged_inputs(first)
