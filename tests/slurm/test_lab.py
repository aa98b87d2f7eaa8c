"""The lab itself: a machine's own configuration is left alone, and leftovers of a lab that was killed are replaced."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from tests.slurm import configuration as configuration_module
from tests.slurm.configuration import SIGN, LabError, refuse_foreign
from tests.slurm.lab import processes, wait_until


@pytest.fixture
def configuration(tmp_path, monkeypatch):
    """A folder in place of /etc/slurm."""
    monkeypatch.setattr(configuration_module, "FOLDER", tmp_path)
    return tmp_path


def test_a_configuration_of_its_own_is_refused(configuration):
    (configuration / "slurm.conf").write_text("ClusterName=production\n")
    with pytest.raises(LabError, match=r"has a SLURM configuration of its own, .*slurm.conf"):
        refuse_foreign()
    (configuration / "slurm.conf").unlink()
    (configuration / "slurm.conf").symlink_to("/etc/passwd")
    with pytest.raises(LabError, match="of its own"):
        refuse_foreign()


def test_leftovers_of_a_lab_are_not(configuration):
    refuse_foreign()
    (configuration / "slurm.conf").write_text(f"{SIGN}ClusterName=kgmm\n")
    (configuration / "gres.conf").symlink_to(configuration / "gone" / "gres.conf")
    refuse_foreign()


@pytest.mark.slurm
def test_a_lab_that_was_killed_is_replaced(lab):
    """With a job and links to nowhere left behind, and its folder gone."""
    lab.query("sbatch", "--output=/dev/null", "--wrap", "sleep 1000")
    wait_until(lambda: [job for job in lab.jobs() if job["state"] == "RUNNING"], "a job runs")
    running = {"munged", "slurmctld", "slurmd", "slurmstepd", "sleep"}
    wait_until(lambda: running <= {process.name() for process in processes()}, "its command has started")
    left = processes()
    for process in left:
        if process.name() in ("munged", "slurmctld", "slurmd"):
            process.kill()
    shutil.rmtree(lab.root)
    configuration = Path("/etc/slurm/slurm.conf")
    configuration.unlink()
    configuration.symlink_to(lab.root / "slurm.conf")
    lab.bring_up()
    assert not {process.pid for process in left} & {process.pid for process in processes()}
    assert lab.jobs() == [] and os.path.isfile(configuration)
