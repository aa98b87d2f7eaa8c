"""The typed configuration: one model per section. Its JSON schema is ``config/schema.json``.

The sections about the data are in ``data_settings``, those about a whole run in ``run_settings``.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from kgmm.config.data import (
    AnySystem,
    DataSettings,
    EnsembleSettings,
    PositiveFloat,
    PositiveInt,
    Section,
    SimulationSettings,
)
from kgmm.sde.schemes import SCHEMES


class EstimatorSettings(Section):
    """The estimate of the score."""

    method: Annotated[
        Literal["kgmm", "kgmm_cells", "gmm", "gmm_network", "dsm"],
        Field(
            description="kgmm: network fitted to the cells; kgmm_cells: the cells alone; gmm: direct score of the "
            "mixture; gmm_network: the network fitted to direct scores (the control); dsm: the network fitted to "
            "single draws (denoising score matching)."
        ),
    ] = "kgmm"
    sigma: Annotated[PositiveFloat, Field(description="Noise amplitude in standard deviations of the data.")] = 0.05
    min_probability: Annotated[
        float | None,
        Field(gt=0, lt=1, description="p_min: no cell holds more than twice this share of the data."),
    ] = None
    max_draws: Annotated[int, Field(ge=2, multiple_of=2, description="Draws of the noise per sample, at most.")] = 64
    min_draws: Annotated[PositiveInt, Field(description="Draws of the noise per sample, at least.")] = 4
    stopping: Annotated[
        Literal["stderr", "paper", "fixed"],
        Field(
            description="stderr: stop when the draws' error is half of the data's; paper: the published rule; "
            "fixed: max_draws."
        ),
    ] = "stderr"
    convergence: Annotated[PositiveFloat, Field(description="Threshold of the published rule.")] = 5e-3
    n_blocks: Annotated[int, Field(ge=2, description="Blocks of data from which their error is estimated.")] = 20
    cells: Annotated[
        Literal["auto", "constant", "linear"],
        Field(
            description="constant: averages over the cells (the paper); linear: a line in each, for coarse cells; "
            "auto: constant in one and two dimensions, linear in more."
        ),
    ] = "auto"
    shards: Annotated[
        PositiveInt, Field(description="Jobs over which the draws are divided by blocks; needs stopping: fixed.")
    ] = 1

    @model_validator(mode="after")
    def _draws(self):
        if self.stopping != "fixed" and self.min_draws > self.max_draws:
            raise ValueError(f"min_draws is {self.min_draws}: it must not exceed max_draws = {self.max_draws}")
        if self.shards > self.n_blocks:
            raise ValueError(f"shards is {self.shards}: at most n_blocks = {self.n_blocks} are possible")
        if self.shards > 1 and self.stopping != "fixed":
            raise ValueError(f"shards is {self.shards}: no shard knows when to stop, so stopping must be 'fixed'")
        return self


class NetworkSettings(Section):
    """The score network and its fit."""

    hidden: Annotated[list[PositiveInt], Field(min_length=1, description="Widths of the hidden layers (SiLU).")] = [
        128,
        64,
    ]
    optimizer: Annotated[
        Literal["lbfgs", "adam"],
        Field(description="lbfgs: all points at once; adam: batches of them, one cycle of the learning rate."),
    ] = "lbfgs"
    max_iterations: Annotated[PositiveInt, Field(description="Iterations of L-BFGS.")] = 400
    held_out: Annotated[
        float,
        Field(ge=0, lt=1, description="Share of the cells that tell when to stop; none of fewer than 500."),
    ] = 0.1
    patience: Annotated[
        PositiveInt, Field(description="Evaluations in a row, all worse than the best, after which a fit stops.")
    ] = 50
    steps: Annotated[int, Field(ge=2, description="Batches of adam, and of dsm.")] = 6000
    batch_size: Annotated[
        int, Field(ge=2, multiple_of=2, description="Points in a batch of adam, draws in one of dsm.")
    ] = 1024
    antithetic: Annotated[bool, Field(description="Draws of dsm in pairs of z and −z.")] = True
    learning_rate: Annotated[PositiveFloat, Field(description="Largest learning rate of adam.")] = 4e-3
    prior_precision: Annotated[
        float,
        Field(ge=0, description="Precision of the normal prior on the parameters; acts where cells are noisy."),
    ] = 0.1


class LangevinSettings(EnsembleSettings):
    """The Langevin model's sample. Times are in units of 1/λ, λ the largest eigenvalue of the standardised mobility."""

    scheme: Annotated[str, Field(description="Integration scheme.", json_schema_extra={"enum": sorted(SCHEMES)})] = (
        "heun"
    )
    dt: Annotated[
        PositiveFloat | None,
        Field(description="Time step; by default from the stiffness of the score, checked by halving."),
    ] = None
    n_members: Annotated[int, Field(ge=20, description="Members of the ensemble; they start at training samples.")] = (
        4000
    )
    burn_in: Annotated[float, Field(ge=0, description="Time before the first saved sample.")] = 15.0
    n_times: Annotated[PositiveInt, Field(description="Samples saved per member.")] = 40
    sample_interval: Annotated[PositiveFloat, Field(description="Time between the samples of a member.")] = 1.0
    path_members: Annotated[PositiveInt, Field(description="Members of the densely saved path.")] = 256
    path_interval: Annotated[PositiveFloat, Field(description="Time between the states of the path.")] = 0.05
    path_length: Annotated[PositiveFloat, Field(description="Length of the path.")] = 50.0


class MobilitySettings(Section):
    """The mobility of the Langevin models: one with the identity, one that keeps the clock of the data."""

    method: Annotated[
        Literal["auto", "slope", "matched", "identity"],
        Field(
            description="slope: from correlations at short lags; matched: the identity, rescaled so that "
            "autocorrelations agree best; auto: slope where noise dominates the short lags and the path has six lags "
            "within half the fastest decorrelation time, else matched; identity: no second model."
        ),
    ] = "auto"
    window: Annotated[
        float, Field(gt=0, le=0.5, description="Longest lag of the slope's fit in decorrelation times.")
    ] = 0.1
    identity: Annotated[
        Literal["standardised", "physical"], Field(description="Coordinates in which the identity is one.")
    ] = "standardised"


class EvaluationSettings(Section):
    """How a score is judged."""

    n_points: Annotated[int, Field(ge=100, description="Held-out samples at which errors are measured.")] = 20_000
    budget: Annotated[bool, Field(description="Divide the error of kgmm into its terms, by fits to exact targets.")] = (
        False
    )


class RaceSettings(Section):
    """KGMM against denoising score matching on one clock; everything else is as in the other sections."""

    min_probability: Annotated[
        list[Annotated[float, Field(gt=0, lt=1)]],
        Field(min_length=1, description="p_min of the runs of KGMM."),
    ] = [1e-3]
    kgmm_iterations: Annotated[
        list[Annotated[int, Field(ge=2)]],
        Field(min_length=1, description="Iterations of its network, or batches if the optimizer is adam."),
    ] = [200]
    dsm_steps: Annotated[
        list[Annotated[int, Field(ge=2)]], Field(min_length=1, description="Batches of the runs of DSM.")
    ] = [1000, 4000, 12_000, 40_000]
    seeds: Annotated[PositiveInt, Field(description="Repetitions with other random numbers.")] = 3
    n_points: Annotated[int, Field(ge=1000, description="Held-out samples at which all are scored.")] = 50_000


class Experiment(Section):
    """One row of the plan: everything that determines one score, and one Langevin model if it goes that far."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9_]+$", description="Name of the block, used for its figure.")]
    system: AnySystem
    simulation: SimulationSettings | None = None
    data: DataSettings = DataSettings()
    estimator: EstimatorSettings = EstimatorSettings()
    network: NetworkSettings = NetworkSettings()
    langevin: LangevinSettings = LangevinSettings()
    mobility: MobilitySettings = MobilitySettings()
    evaluation: EvaluationSettings = EvaluationSettings()
    race: RaceSettings = RaceSettings()
    until: Annotated[
        Literal["trajectory", "score", "model", "race"],
        Field(
            description="trajectory: the data alone; score: stop after the score; model: a Langevin model too; race: "
            "KGMM against DSM instead."
        ),
    ] = "model"
    replicate: Annotated[int, Field(ge=0, description="Number of the replicate; each has its own simulation.")] = 0
