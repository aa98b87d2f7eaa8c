"""The configuration of the lab in ``/etc/slurm``; that of a machine which has one of its own is left alone."""

from __future__ import annotations

import os
import socket
import tempfile
from collections.abc import Sequence
from pathlib import Path

import psutil

FOLDER = Path("/etc/slurm")
FILES = ("slurm.conf", "gres.conf")
SIGN = "# Written by the tests of kgmm (tests/slurm), which may replace and remove it.\n"


class LabError(Exception):
    """This machine cannot have a lab, or the lab does not work."""


def refuse_foreign() -> None:
    """Raises a :class:`LabError` if this machine has a SLURM configuration of its own.

    Not its own is what a lab has left: files that say so, links to nowhere, and links into a folder for temporary files
    while no controller runs.
    """
    for path in map(FOLDER.joinpath, FILES):
        if os.path.lexists(path) and not _is_leftover(path):
            raise LabError(f"this machine has a SLURM configuration of its own, {path}, which the tests would replace")


def _is_leftover(path: Path) -> bool:
    if path.is_symlink():
        target = path.resolve()
        temporary = any(target.is_relative_to(folder) for folder in (tempfile.gettempdir(), "/tmp", "/var/tmp", "/run"))
        return not target.exists() or (temporary and not any(p.name() == "slurmctld" for p in psutil.process_iter()))
    return path.read_text(errors="replace").startswith(SIGN)


def remove() -> None:
    """Removes what a lab has written, or left."""
    for path in map(FOLDER.joinpath, FILES):
        if os.path.lexists(path) and _is_leftover(path):
            path.unlink()


def write(root: Path, munge_socket: Path, nodes: Sequence[str]) -> None:
    """Writes the configuration of a lab in the folder ``root``, with a folder for each node, on ports that are free."""
    controller, *ports = _free_ports(1 + len(nodes))
    host = socket.gethostname().split(".")[0]
    lines = [
        f"NodeName={node} NodeHostname={host} NodeAddr=127.0.0.1 Port={port} CPUs=2 RealMemory=8000 Gres=gpu:1"
        for node, port in zip(nodes, ports)
    ]
    slurm = _SLURM_CONF.format(
        root=root, host=host, port=controller, socket=munge_socket, nodes="\n".join(lines), names=",".join(nodes)
    )
    # Pretend GPUs: jobs can ask for them, no more.
    gres = "".join(f"NodeName={node} Name=gpu File={root}/{node}/nvidia\n" for node in nodes)
    FOLDER.mkdir(exist_ok=True)
    for name, text in zip(FILES, (slurm, gres)):
        (FOLDER / name).unlink(missing_ok=True)
        (FOLDER / name).write_text(SIGN + text)


def _free_ports(n: int) -> list[int]:
    sockets = [socket.socket() for _ in range(n)]
    for each in sockets:
        each.bind(("127.0.0.1", 0))
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


_SLURM_CONF = """\
ClusterName=kgmm
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={port}
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
CredType=cred/munge
# cred_expire is also how long a job is held after its node has died (120 s otherwise).
AuthInfo=socket={socket},cred_expire=10
CommunicationParameters=NoCtldInAddrAny,NoInAddrAny
StateSaveLocation={root}/state
SlurmdSpoolDir={root}/%n/spool
SlurmctldPidFile={root}/slurmctld.pid
SlurmdPidFile={root}/%n/slurmd.pid
SlurmctldLogFile={root}/slurmctld.log
SlurmdLogFile={root}/%n/slurmd.log
# No cgroups: neither containers nor tests may have them.
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherFrequency=task=2
JobAcctGatherParams=OverMemoryKill
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
DefMemPerCPU=500
SchedulerParameters=bf_interval=5
SwitchType=switch/none
MpiDefault=none
# A node that comes back is used again; one that is silent for ten seconds is down.
ReturnToService=2
SlurmdTimeout=10
SlurmctldTimeout=30
KillWait=5
JobRequeue=0
# Finished jobs stay in sight for as long as the tests may take.
MinJobAge=7200
# Nodes have what this file says, whatever the machine has.
SlurmdParameters=config_overrides
GresTypes=gpu
AccountingStorageType=accounting_storage/none
{nodes}
PartitionName=main Nodes={names} Default=YES MaxTime=1-00:00:00 State=UP
PartitionName=short Nodes={names} MaxTime=12:00:00 State=UP
"""
