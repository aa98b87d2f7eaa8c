"""Many short tasks through a real SLURM on this machine, while nodes, jobs and the controller are killed.

    python benchmarks/cluster_load.py [--tasks 1000] [--rows 10] [--seconds-between 20] [--seed 0]

Needs root and Debian's slurm-wlm and munge, and replaces the configuration in /etc/slurm as tests/slurm do. A run that
ends is called again, as a user would, until all is done. Checked are: every result is there, with the bytes of a local
run, and no task was computed to its end twice. Prints what was done to the cluster, and the checks.
"""

from __future__ import annotations

import argparse
import collections
import copy
import random
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import suppress
from pathlib import Path

import psutil

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from tests.project import Project  # noqa: E402
from tests.slurm.lab import NODES, Lab, processes  # noqa: E402
from tests.slurm.runs import Run, jobs_of  # noqa: E402
from tests.workflow.tiny import TINY  # noqa: E402

_MAX_CALLS = 20
_CALL, _TARGET = ("--configfile", "config/load.yaml"), "all_describe_trajectory"
# Each task that is computed to its end leaves a line.
_RECEIPT = '        write_receipt(task, {"status": status, "reason": reason} | costs.lap() | environment())\n'
_COUNTED = (
    _RECEIPT
    + '        with open("computed.txt", "a") as file:\n            file.write(f"{task.stage}/{task.key}\\n")\n'
)


def configuration(n_tasks: int) -> dict:
    """A simulation and its description for every replicate, which take fractions of a second."""
    config = copy.deepcopy(TINY) | {"name": "load"}
    config["experiments"][0] |= {"until": "trajectory", "replicates": max(1, n_tasks // 2)}
    return config | {"max_runs": 100_000}


def new_project(folder: str, config: dict) -> Project:
    project = Project.copy_of(ROOT, Path(folder))
    project.edit("src/kgmm/jobs/run.py", _RECEIPT, _COUNTED)
    project.write_config("load.yaml", config)
    return project


class Trouble(threading.Thread):
    """Does one harm after another to a cluster until it is told to end."""

    def __init__(self, lab: Lab, project: Project, pause: float, seed: int):
        super().__init__(daemon=True)
        self.lab, self.project, self.pause = lab, project, pause
        self.random, self.ended = random.Random(seed), threading.Event()
        self.done: collections.Counter[str] = collections.Counter()

    def run(self) -> None:
        harms = [self.crash_node, self.cancel_job, self.restart_controller]
        while not self.ended.wait(self.pause * self.random.uniform(0.5, 1.5)):
            with suppress(psutil.Error, subprocess.SubprocessError, OSError):
                self.random.choice(harms)()
                self.mend()

    def mend(self) -> None:
        """What an administrator would do: held jobs are released, nodes that are down are resumed."""
        for line in self.lab.query("squeue", "-h", "-o", "%A %r").splitlines():
            job, reason = line.split(maxsplit=1)
            if "held" in reason.lower():
                self.lab.query("scontrol", "release", job)
                self.done["releases of held jobs"] += 1
        for node, state in self.lab.states().items():
            if state.rstrip("*") in ("down", "drained", "draining"):
                self.lab.query("scontrol", "update", f"NodeName={node}", "State=RESUME")

    def crash_node(self) -> None:
        node = self.random.choice(NODES)
        self.lab.crash(node)
        self.done["crashes of a node"] += 1
        time.sleep(15.0)
        self.lab.start_node(node)

    def cancel_job(self) -> None:
        running = [job["id"] for job in jobs_of(self.lab, self.project) if job["state"] == "RUNNING"]
        if running:
            self.lab.query("scancel", self.random.choice(running))
            self.done["cancelled jobs"] += 1

    def restart_controller(self) -> None:
        for process in processes():
            if process.name() == "slurmctld":
                process.kill()
        time.sleep(3.0)
        subprocess.run(["slurmctld"], check=True, capture_output=True, timeout=60)
        self.done["restarts of the controller"] += 1


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tasks", type=int, default=1000)
    parser.add_argument("--rows", type=int, default=10, help="tasks of a job")
    parser.add_argument("--seconds-between", type=float, default=20.0)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    config = configuration(options.tasks)
    with tempfile.TemporaryDirectory() as here, tempfile.TemporaryDirectory() as there:
        local = new_project(here, config)
        local.snakemake(*_CALL, "--config", f"rows_per_job={options.tasks}", "--", _TARGET, check=True)
        project = new_project(there, config)
        begin = time.monotonic()
        lab = Lab.start()
        try:
            calls, trouble = through(lab, project, options)
        finally:
            lab.stop()
        report(local, project, calls, trouble, time.monotonic() - begin)


def through(lab: Lab, project: Project, options: argparse.Namespace) -> tuple[int, Trouble]:
    """Calls the workflow until it succeeds; number of calls, and the trouble that it had."""
    trouble = Trouble(lab, project, options.seconds_between, options.seed)
    trouble.start()
    # Failed jobs are tried again by the next call: this cluster is too small for what a third attempt asks for.
    arguments = (*_CALL, "--config", f"rows_per_job={options.rows}", "--retries", "0", "--", _TARGET)
    try:
        for call in range(1, _MAX_CALLS + 1):
            if Run.on_slurm(project, *arguments).wait(3600) == 0:
                return call, trouble
            trouble.mend()
            time.sleep(2.0)
    finally:
        trouble.ended.set()
        trouble.join(60)
    sys.exit(f"not done after {_MAX_CALLS} calls: {Run.on_slurm(project, *arguments).output.read_text()[-3000:]}")


def report(local: Project, project: Project, calls: int, trouble: Trouble, seconds: float) -> None:
    expected, found = local.hashes(), project.hashes()
    counts = collections.Counter((project.root / "computed.txt").read_text().split("\n")[:-1])
    twice = {task: count for task, count in counts.items() if count > 1}
    jobs = len(jobs_of(trouble.lab, project)) if trouble.lab.root.exists() else 0
    harms = ", ".join(f"{count} {what}" for what, count in sorted(trouble.done.items()))
    print(f"{len(counts)} tasks in {seconds:.0f} s and {calls} calls; {harms}" + f"; {jobs} jobs" * bool(jobs))
    print(f"results as those of a local run: {found == expected} ({len(found)} files)")
    print(f"tasks computed to their end twice: {len(twice)}")
    sys.exit(found != expected or bool(twice))


if __name__ == "__main__":
    main()
