"""Tasks of one stage, and jobs of them in the working folder."""

from pathlib import Path

from kgmm.jobs.run import run_tasks
from kgmm.jobs.tasks import Task


def task_of(name: str, code: str = "c0de", stage: str = "fit_score") -> Task:
    return Task(stage, f"wells/{name}", {"seed": 5, "device": "cpu"}, {"data": "data.nc"}, ("data",), code, 1)


def run_all(*tasks: Task) -> None:
    Path("done").parent.mkdir(exist_ok=True)
    run_tasks(tasks, "job.log", "job.done")


def files() -> set[str]:
    return {str(path) for path in Path().rglob("*") if path.is_file()}


def score_of(task: Task) -> str:
    return Path(task.outputs["score"]).read_text()
