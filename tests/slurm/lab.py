"""A real SLURM on one machine: munge, slurmctld and virtual nodes, all on the loopback interface.

Needs root and Debian's packages slurm-wlm and munge. The configuration has to lie in ``/etc/slurm``, because commands
inside of jobs look for it nowhere else (:mod:`tests.slurm.configuration`). Everything that a lab starts
carries a variable in its environment, by which the leftovers of a lab that was killed are found and removed.
"""

from __future__ import annotations

import fcntl
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from tests.slurm.configuration import LabError, refuse_foreign, remove, write

VARIABLE = "KGMM_SLURM_LAB"
NODES = ("n1", "n2")
PATIENCE = 600.0

_COMMANDS = ("slurmctld", "slurmd", "sbatch", "munged")
# A folder of the root's: the user munge must be able to enter, and munged refuses those that others can write to.
_BASE = Path("/run")
_PREFIX = "kgmm-slurm-lab-"
_LOCK = _BASE / f"{_PREFIX}lock"


def missing_commands() -> list[str]:
    """Commands of SLURM and munge that are not installed."""
    return [command for command in _COMMANDS if shutil.which(command) is None]


def processes(node: str | None = None) -> list[psutil.Process]:
    """All processes of a lab, or of one node: daemons, jobs, and what tests started; not the caller."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error, OSError):
            environment, folder = process.environ(), os.readlink(f"/proc/{process.pid}/cwd")
            # The process that watches a job hides its environment, but stands in the folder of its node.
            here = Path(folder) if folder.startswith(f"{_BASE}/{_PREFIX}") else None
            nodes = (environment.get("SLURMD_NODENAME"), environment.get("KGMM_SLURM_NODE"), here and here.name)
            if process.pid != os.getpid() and (here or VARIABLE in environment) and (node is None or node in nodes):
                found.append(process)
    return found


def wait_until(condition: Callable, what: str, patience: float = PATIENCE):
    """The first true value of ``condition``."""
    end = time.monotonic() + patience
    while time.monotonic() < end:
        found = condition()
        if found:
            return found
        time.sleep(0.1)
    raise LabError(f"waited {patience:.0f} s in vain: {what}")


@dataclass
class Lab:
    """A running lab in the folder ``root``."""

    root: Path
    lock: int

    @classmethod
    def start(cls) -> Lab:
        """Starts a lab; waits until no other one runs."""
        lab = cls(Path(), _only_lab())
        try:
            lab.bring_up()
        except LabError:
            os.close(lab.lock)
            raise
        return lab

    def bring_up(self) -> None:
        """Starts everything in a new folder; what is left of a lab that was killed is removed."""
        refuse_foreign()
        _remove_leftovers()
        self.root = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=_BASE))
        self.root.chmod(0o755)
        os.environ[VARIABLE] = str(self.root)
        try:
            self._start_munge()
            self._configure()
            self._start_daemon("slurmctld")
            for node in NODES:
                self.start_node(node)
            wait_until(self._is_idle, "the nodes are idle")
        except Exception as error:
            logs = self.logs()
            _remove_leftovers()
            raise LabError(f"the lab does not start: {error}\n{logs}") from error

    def stop(self) -> None:
        """Cancels what runs, ends every process of the lab and removes its configuration."""
        _remove_leftovers()
        os.environ.pop(VARIABLE, None)
        os.close(self.lock)

    def query(self, *command: str) -> str:
        """Output of a SLURM command; nothing if the controller is too busy to answer."""
        result = subprocess.run(command, capture_output=True, text=True, timeout=60)
        return result.stdout if result.returncode == 0 else ""

    def states(self) -> dict[str, str]:
        """State of every node."""
        lines = self.query("sinfo", "-h", "-N", "-p", "main", "-o", "%N %T").splitlines()
        return dict(line.split() for line in lines)

    def jobs(self, states: str = "all") -> list[dict[str, str]]:
        """Jobs in the given states, finished ones too, as long as SLURM remembers them."""
        fields = {"id": "%A", "state": "%T", "name": "%j", "rule": "%k", "node": "%N", "partition": "%P", "cpus": "%C",
                  "memory": "%m", "time": "%l", "gres": "%b", "folder": "%Z", "restarts": "%r"}  # fmt: skip
        text = self.query("squeue", "-h", f"--states={states}", "-o", "|".join(fields.values()))
        return [dict(zip(fields, line.split("|"))) for line in text.splitlines()]

    def crash(self, node: str) -> None:
        """Kills a node's daemon and every process of the jobs on it, as a power failure would."""
        for process in processes(node):
            with suppress(psutil.Error):
                process.kill()

    def start_node(self, node: str) -> None:
        """Starts a node, or starts it again."""
        self._start_daemon("slurmd", "-N", node, environment={"KGMM_SLURM_NODE": node})

    def repair(self) -> None:
        """Cancels all jobs and brings every node back."""
        self.query("scancel", "--user", "root")
        for node in NODES:
            if not any(process.name() == "slurmd" for process in processes(node)):
                self.start_node(node)

        def idle() -> bool:
            for node, state in self.states().items():
                if state.rstrip("*") in ("down", "drained", "draining"):
                    self.query("scontrol", "update", f"NodeName={node}", "State=RESUME")
            return self._is_idle()

        wait_until(idle, "the nodes are idle again")

    def logs(self) -> str:
        """Ends of the daemons' logs."""
        found = []
        for path in sorted(self.root.rglob("*.log")):
            found.append(f"--- {path.name}\n" + "\n".join(path.read_text(errors="replace").splitlines()[-15:]))
        return "\n".join(found)

    def _is_idle(self) -> bool:
        return self.states() == dict.fromkeys(NODES, "idle")

    def _start_daemon(self, *command: str, environment: dict[str, str] | None = None) -> None:
        subprocess.run(command, env=os.environ | (environment or {}), check=True, capture_output=True, timeout=60)

    def _start_munge(self) -> None:
        folder = self.root / "munge"
        folder.mkdir(mode=0o755)
        key = folder / "munge.key"
        key.touch(mode=0o400)
        key.write_bytes(os.urandom(1024))
        user = pwd.getpwnam("munge")
        for path in (folder, key):
            os.chown(path, user.pw_uid, user.pw_gid)
        files = {"key": key, "socket": self._socket, "pid": "munged.pid", "log": "munged.log", "seed": "munged.seed"}
        options = [f"--{name}{'' if name == 'socket' else '-file'}={folder / file}" for name, file in files.items()]
        subprocess.run(
            ["munged", "--num-threads=4", *options], user="munge", group=user.pw_gid, extra_groups=[], check=True,
            capture_output=True, timeout=60,
        )  # fmt: skip
        command = f"munge -n -S {self._socket} | unmunge -S {self._socket}"
        wait_until(lambda: not subprocess.run(command, shell=True, capture_output=True).returncode, "munge answers")

    @property
    def _socket(self) -> Path:
        return self.root / "munge" / "munge.socket"

    def _configure(self) -> None:
        (self.root / "state").mkdir()
        for node in NODES:
            (self.root / node / "spool").mkdir(parents=True)
            (self.root / node / "nvidia").touch()
        write(self.root, self._socket, NODES)


def _only_lab() -> int:
    """An open lock file; the kernel gives the lock back however its holder ends."""
    descriptor = os.open(_LOCK, os.O_RDWR | os.O_CREAT, 0o600)

    def locked() -> bool:
        with suppress(BlockingIOError):
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        return False

    wait_until(locked, "another lab on this machine ends", patience=1800)
    return descriptor


def _remove_leftovers() -> None:
    """Ends the processes of a lab and removes its files."""
    end = time.monotonic() + 60
    while (left := processes()) and time.monotonic() < end:
        for process in left:
            with suppress(psutil.Error):
                process.send_signal(signal.SIGKILL)
        psutil.wait_procs(left, timeout=10)
    remove()
    for folder in _BASE.glob(f"{_PREFIX}*/"):
        shutil.rmtree(folder, ignore_errors=True)
