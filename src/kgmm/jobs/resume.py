"""Goes on with the last run of this folder after Snakemake was killed: ``python -m kgmm.jobs.resume``.

A killed Snakemake leaves its lock, and on a cluster its jobs, which would be submitted a second time and write the same
files. They are cancelled, the lock is removed, and Snakemake is called with the arguments of the run.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import psutil

# Set in profiles/slurm (slurm-jobname-prefix).
_JOB_NAMES = "kgmm_"
_CALL = Path(".snakemake/kgmm_call.json")
_PATIENCE = 600.0


def remember_call(arguments: list[str]) -> None:
    """Stores the arguments of a run that starts."""
    _CALL.parent.mkdir(exist_ok=True)
    part = _CALL.with_suffix(".part")
    part.write_text(json.dumps(arguments))
    part.replace(_CALL)


def resume() -> None:
    """Cancels what is left of the last run of this folder, and runs it again; does not return."""
    if not _CALL.exists():
        raise SystemExit(f"nothing to resume: no run was started in {Path.cwd()}")
    arguments = json.loads(_CALL.read_text(encoding="utf-8"))
    living = _snakemake_here()
    if living:
        raise SystemExit(f"Snakemake still runs here (process {living[0].pid}): stop it first, or let it go on")
    if shutil.which("squeue"):
        cancel_jobs()
    command = [sys.executable, "-m", "snakemake"]
    subprocess.run([*command, "--unlock", *arguments], check=True)
    os.execv(sys.executable, [*command, *arguments])


def cancel_jobs() -> None:
    """Cancels the jobs of runs in this folder, and waits until none of their processes is left."""
    found = _jobs_here()
    if found:
        print(f"cancelling {len(found)} jobs that still run or wait", file=sys.stderr)
    end = time.monotonic() + _PATIENCE
    while found and time.monotonic() < end:
        subprocess.run(["scancel", *found], check=True)
        time.sleep(1.0)
        found = _jobs_here()
    if found:
        raise SystemExit(f"jobs {', '.join(found)} do not end; resume when squeue no longer shows them")


def _jobs_here() -> list[str]:
    """Jobs that were submitted from this folder and are not over; those whose processes are just being ended too."""
    query = ["squeue", "--noheader", f"--user={os.getuid()}", "--format=%A|%j|%Z"]
    lines = subprocess.run(query, check=True, capture_output=True, text=True).stdout.splitlines()
    jobs = [line.split("|", 2) for line in lines]
    return [number for number, name, folder in jobs if name.startswith(_JOB_NAMES) and _same(folder, os.getcwd())]


def _snakemake_here() -> list[psutil.Process]:
    """Processes of Snakemake in this folder, on this machine, that are not jobs."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error, OSError):
            words = process.cmdline()
            main = any(Path(word).name == "snakemake" for word in words[:3]) and "--mode" not in words
            if main and "python" in process.name() + words[0] and _same(process.cwd(), os.getcwd()):
                found.append(process)
    return found


def _same(folder: str, other: str) -> bool:
    return os.path.realpath(folder) == os.path.realpath(other)


if __name__ == "__main__":
    resume()
