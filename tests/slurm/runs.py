"""Runs of Snakemake through SLURM, in the background, and the small sweep that most tests of them compute."""

from __future__ import annotations

import copy
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from tests.project import Project
from tests.slurm.lab import PATIENCE, Lab, wait_until
from tests.workflow.tiny import TINY

# The profile asks SLURM more rarely; the interval grows by ten seconds whenever nothing has finished.
_OFTEN = ("--slurm-init-seconds-before-status-checks", "5", "--seconds-between-status-checks", "2")

# Two simulations, six estimates.
SWEEP = copy.deepcopy(TINY) | {"name": "sweep"}
SWEEP["experiments"][0] |= {"until": "score", "replicates": 2}
SWEEP["experiments"][0]["estimator"]["sigma"] = [0.2, 0.3, 0.4]


@dataclass(frozen=True)
class Run:
    """A process that runs for a test, with all it prints in a file."""

    process: subprocess.Popen
    output: Path

    @classmethod
    def start(cls, project: Project, *command: str, **variables: str) -> Run:
        output = project.root / f"run-{len(list(project.root.glob('run-*.txt'))) + 1}.txt"
        with output.open("w") as file:
            process = subprocess.Popen(
                [sys.executable, "-m", *command], cwd=project.root, env=project.environment | variables, stdout=file,
                stderr=subprocess.STDOUT, start_new_session=True,
            )  # fmt: skip
        return cls(process, output)

    @classmethod
    def on_slurm(cls, project: Project, *arguments: str, **variables: str) -> Run:
        """Snakemake with the profile for SLURM."""
        return cls.start(project, "snakemake", "--workflow-profile", "profiles/slurm", *_OFTEN, *arguments, **variables)

    @property
    def text(self) -> str:
        return self.output.read_text(errors="replace")

    def wait(self, patience: float = 2 * PATIENCE) -> int:
        """Exit status at the end."""
        return self.process.wait(patience)

    def succeed(self, patience: float = 2 * PATIENCE) -> None:
        """Waits for the end, which has to be good."""
        assert self.wait(patience) == 0, self.text[-6000:]

    def until(self, condition, what: str):
        """The first true value of ``condition`` while this goes on."""

        def checked():
            found = condition()
            assert found or self.process.poll() is None, f"it ended before {what}:\n{self.text[-6000:]}"
            return found

        return wait_until(checked, what)


def jobs_of(lab: Lab, project: Project, rule: str = "") -> list[dict[str, str]]:
    """Jobs of a project, finished ones too, in the order of their submission; of one rule or of all."""
    jobs = [job for job in lab.jobs() if os.path.realpath(job["folder"]) == os.path.realpath(project.root)]
    return sorted((job for job in jobs if f"rule_{rule}" in job["rule"]), key=lambda job: int(job["id"]))


def files_of(project: Project, folder: str) -> list[str]:
    """Data files in a folder of the store, as targets of a run."""
    paths = (project.root / "results/store" / folder).rglob("*.nc")
    return sorted(str(path.relative_to(project.root)) for path in paths)
