"""What jobs ask of a cluster, and what a cluster's machine must have."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from importlib.util import find_spec

from snakemake.exceptions import WorkflowError

from kgmm.config.stages import STAGES

_LONGEST = 24 * 60  # minutes


def refuse_missing_commands(executor: str) -> None:
    """Raises an error if jobs are to be submitted to SLURM and this machine cannot."""
    missing = [command for command in ("sbatch", "squeue", "scancel") if shutil.which(command) is None]
    if executor == "slurm" and missing:
        raise WorkflowError(
            f"This profile submits jobs to SLURM, and this machine has no {', '.join(missing)}: "
            "run it on a login node of the cluster, or choose a profile that computes here."
        )


def gpu_request(stage: str, device: str) -> dict[str, str]:
    """The resource of a rule whose jobs need a GPU; one that may do without (``auto``) asks for none."""
    return {"gres": "gpu:1"} if device == "cuda" and STAGES[stage].on_device else {}


def scaled(request, n_tasks: int) -> Callable | int | str:
    """A stage's resource for a job of several tasks, one after the other: their times add up, the rest is the same.

    Together they ask for a day at most, unless one alone asks for more: a partition that allows no more would keep the
    job waiting for ever. What a job does not finish in its time the next attempt goes on with.

    Parameters
    ----------
    request
        Snakemake's resource, a value or an expression in ``attempt``, ``input`` and ``threads``.
    """

    def evaluated(wildcards, input, attempt, threads, rulename, async_run):
        known = {"input": input, "attempt": attempt, "threads": threads, "rulename": rulename, "async_run": async_run}
        value = request.evaluate(wildcards, **known).value
        if request.name != "runtime" or not isinstance(value, int):
            return value
        return max(value, min(n_tasks * value, _LONGEST))

    return evaluated


def require_plugin() -> None:
    """Ends the program, with one sentence, if Snakemake cannot submit to SLURM."""
    if find_spec("snakemake_executor_plugin_slurm") is None:
        raise SystemExit(
            "profiles/slurm needs the package snakemake-executor-plugin-slurm: pip install 'kgmm[slurm]', or make env"
        )
