"""The typed configuration: one model per section. Its JSON schema is ``config/schema.json``.

Sections add to the options of a component what only a run of the workflow has. Those about the data are in
:mod:`kgmm.config.data`, those about a whole run in :mod:`kgmm.config.run`.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from kgmm.config.data import AnySystem, DataSettings, EnsembleSettings, SimulationSettings
from kgmm.config.response import ResponseSettings
from kgmm.langevin.options import METHODS, WHOLE_MODELS, LangevinOptions, MobilityOptions
from kgmm.methods.registry import get_method, methods
from kgmm.options import Options, PositiveFloat, PositiveInt
from kgmm.score.options import Antithetic, CellOptions, DSMOptions, NetworkOptions
from kgmm.sde.options import Scheme, Times
from kgmm.systems.registry import get_system

_LANGEVIN = LangevinOptions()


def _known_method(name: str) -> str:
    get_method(name)
    return name


class EstimatorSettings(CellOptions):
    """The estimate of the score."""

    method: Annotated[
        str,
        AfterValidator(_known_method),
        Field(
            description="; ".join(f"{name}: {method.description}" for name, method in methods().items()) + ".",
            json_schema_extra={"enum": list(methods())},
        ),
    ] = "kgmm"
    shards: Annotated[
        PositiveInt, Field(description="Jobs over which the draws are divided by blocks; needs stopping: fixed.")
    ] = 1

    @model_validator(mode="after")
    def _shards(self):
        if self.shards > self.n_blocks:
            raise ValueError(f"shards is {self.shards}: at most n_blocks = {self.n_blocks} are possible")
        if self.shards > 1 and self.stopping != "fixed":
            raise ValueError(f"shards is {self.shards}: no shard knows when to stop, so stopping must be 'fixed'")
        return self


class NetworkSettings(NetworkOptions):
    """The score network and its fit."""

    antithetic: Antithetic = DSMOptions().antithetic


class LangevinSettings(EnsembleSettings):
    """The Langevin model's sample. Times are in units of 1/λ, λ the largest eigenvalue of the standardised mobility."""

    scheme: Scheme = _LANGEVIN.scheme
    dt: Annotated[
        PositiveFloat | None,
        Field(description="Time step; by default from the stiffness of the score, checked by halving."),
    ] = None
    n_members: Annotated[int, Field(ge=20, description=LangevinOptions.description("n_members"))] = _LANGEVIN.n_members
    burn_in: Annotated[float, Field(ge=0, description="Time before the first saved sample.")] = 15.0
    n_times: Times = 40
    sample_interval: Annotated[PositiveFloat, Field(description="Time between the samples of a member.")] = 1.0
    path_members: Annotated[PositiveInt, Field(description="Members of the densely saved path.")] = 256
    path_interval: Annotated[PositiveFloat, Field(description="Time between the states of the path.")] = 0.05
    path_length: Annotated[PositiveFloat, Field(description="Length of the path.")] = 50.0


class MobilitySettings(MobilityOptions):
    """The mobility of the Langevin models: one with the identity, one that reproduces the time scales of the data."""

    method: Annotated[
        Literal[*METHODS, *WHOLE_MODELS, "choose", "identity"],
        Field(
            description=f"{MobilityOptions.description('method')}; state: a circulation that depends on the state, "
            "fitted to the velocities of the path; velocity: the mean velocity at the state in its place, for laws "
            "with holes; hidden: variables beside the observed ones, fitted to the autocorrelations, which give the "
            "model memory; choose: one of these or a constant mobility, by simulation as in kgmm.fit_langevin, and no "
            "model with the identity; identity: no second model.",
        ),
    ] = MobilityOptions().method
    identity: Annotated[
        Literal["standardised", "physical"], Field(description="Coordinates in which the identity is one.")
    ] = "standardised"


class EvaluationSettings(Options):
    """How a score is judged."""

    n_points: Annotated[int, Field(ge=100, description="Held-out samples at which errors are measured.")] = 20_000
    budget: Annotated[bool, Field(description="Divide the error of kgmm into its terms, by fits to exact targets.")] = (
        False
    )


class RaceSettings(Options):
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


class Experiment(Options):
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
    response: ResponseSettings | None = None
    until: Annotated[
        Literal["trajectory", "score", "model", "race"],
        Field(
            description="trajectory: the data alone; score: stop after the score; model: a Langevin model too; race: "
            "KGMM against DSM instead."
        ),
    ] = "model"
    replicate: Annotated[int, Field(ge=0, description="Number of the replicate; each has its own simulation.")] = 0

    @model_validator(mode="after")
    def _response_exists(self):
        if self.response is None:
            return self
        if self.until not in ("score", "model"):
            raise ValueError(f"response is given, and until is {self.until!r}: it must be 'score' or 'model'")
        simulated = self.system.kind == "simulation"
        try:
            self.response.check(get_system(self.system.name, **self.system.parameters) if simulated else None)
        except ValueError as error:
            raise ValueError(f"response.{error}") from None
        return self
