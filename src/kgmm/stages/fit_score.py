"""Fits the score network: to the cells, to direct scores of the mixture (the control), or to single draws (DSM)."""

from __future__ import annotations

from kgmm.jobs.job import Job
from kgmm.score.cell_score import CellScore
from kgmm.score.direct_gmm import DirectGMM
from kgmm.score.dsm import DSM
from kgmm.score.model import ScoreModel
from kgmm.stages.data import samples_of

# The control needs no more points than this: its error is that of their targets.
_CONTROL_POINTS = 20_000


def fit_score(job: Job) -> None:
    """Writes the score model of the task."""
    network = dict(job.settings["network"])
    antithetic = network.pop("antithetic")
    seed = int(job.seed.generate_state(1)[0])
    if job.settings["method"] == "kgmm":
        model = ScoreModel.fit(CellScore.load(job.inputs.cells), seed=seed, device=job.device, **network)
    elif job.settings["method"] == "gmm_network":
        model = _fit_control(job, seed, network)
    else:
        model = _fit_rival(job, seed, antithetic, network)
    model.save(job.outputs.score)


def _fit_control(job: Job, seed: int, network: dict) -> ScoreModel:
    samples = samples_of(job).training[:]
    mixture = DirectGMM(job.settings["sigma"]).fit(samples)
    points = samples[:: max(1, len(samples) // _CONTROL_POINTS)]
    return ScoreModel.fit_mixture(mixture, points, seed=seed, device=job.device, **network)


def _fit_rival(job: Job, seed: int, antithetic: bool, network: dict) -> ScoreModel:
    options = {name: network[name] for name in ("hidden", "steps", "batch_size", "learning_rate")}
    rival = DSM(job.settings["sigma"], antithetic=antithetic, random_state=seed, device=job.device, **options)
    return rival.fit(samples_of(job).training).score_model_
