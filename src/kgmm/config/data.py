"""The typed configuration of the data: systems and files, their simulation, and which samples are used for what."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Discriminator, Field, Tag, model_validator

from kgmm.data.options import HeldOut, ReadingOptions, SplitOptions
from kgmm.options import Options, PositiveFloat, PositiveInt
from kgmm.sde.options import PRECISIONS, Members, Scheme, SimulationOptions, Times
from kgmm.systems.registry import get_system, system_names

_SIMULATION = SimulationOptions()


def _check_multiple(name: str, value: float, step: float) -> None:
    n_steps = round(min(value / step, 1e308))
    if abs(n_steps * step - value) > 1e-6 * max(value, step) or (value > 0 and n_steps < 1):
        raise ValueError(f"{name} is {value:g}: it must be a whole multiple of {step:g}")


class SystemSettings(Options):
    """Which equation, and its parameters."""

    kind: Annotated[Literal["simulation"], Field(description="simulation: the system is simulated.")] = "simulation"
    name: Annotated[str, Field(description="Name of the system.", json_schema_extra={"enum": system_names()})]
    parameters: Annotated[
        dict[str, float | int], Field(description="Parameters that differ from the published ones.")
    ] = {}

    @model_validator(mode="after")
    def _known(self):
        get_system(self.name, **self.parameters)
        return self


class DatasetSettings(ReadingOptions):
    """A trajectory from a file, as a system."""

    kind: Annotated[Literal["dataset"], Field(description="dataset: a user's own data take the place of a system.")]
    name: Annotated[str, Field(pattern=r"^[a-z0-9_]+$", description="Name by which the data are called.")]
    path: Annotated[str, Field(description="File: .nc, .zarr, .csv or .npy; relative to where Snakemake runs.")]
    variables: Annotated[
        list[str] | None,
        Field(min_length=1, description="Variables or columns used; by default all of numbers. NPY files name none."),
    ] = None

    @property
    def facts(self):
        """What is known of the file (:class:`kgmm.config.dataset_facts.DatasetFacts`); ``ValueError`` if unusable."""
        from kgmm.config.dataset_facts import dataset_facts

        variables = None if self.variables is None else tuple(self.variables)
        return dataset_facts(self.path, variables, ReadingOptions.of(self.model_dump()))


def _kind_of(value) -> str:
    kind = value.get("kind", "simulation") if isinstance(value, dict) else getattr(value, "kind", "simulation")
    return kind if kind == "dataset" else "simulation"


AnySystem = Annotated[
    Annotated[SystemSettings, Tag("simulation")] | Annotated[DatasetSettings, Tag("dataset")],
    Discriminator(_kind_of),
]


class EnsembleSettings(Options):
    """What the simulation of a system and the sample of a Langevin model have in common."""

    scheme: Scheme
    dt: Annotated[PositiveFloat | None, Field(description="Time step.")]
    n_members: Annotated[Members, Field(ge=20)]
    n_times: Times
    burn_in: Annotated[float, Field(ge=0, description="Time before the first saved sample.")]
    sample_interval: Annotated[PositiveFloat, Field(description="Time between the samples of a member.")]
    path_members: Annotated[PositiveInt, Field(description="Members of the densely saved path.")]
    path_interval: Annotated[PositiveFloat, Field(description="Time between the states of the path.")]
    path_length: Annotated[PositiveFloat, Field(description="Length of the path.")]

    @model_validator(mode="before")
    @classmethod
    def _path_of_a_small_ensemble(cls, values):
        """The default number of path members is what a small ensemble has."""
        if not isinstance(values, dict) or "path_members" in values:
            return values
        default, n_members = (cls.model_fields[name].default for name in ("path_members", "n_members"))
        n_members = values.get("n_members", n_members)
        if isinstance(n_members, int) and n_members < default:
            return values | {"path_members": n_members}
        return values

    @model_validator(mode="after")
    def _consistent(self):
        step = self.path_interval if self.dt is None else self.dt
        for name in ("burn_in", "sample_interval", "path_interval"):
            _check_multiple(name, getattr(self, name), step)
        _check_multiple("path_length", self.path_length, self.path_interval)
        if self.path_members > self.n_members:
            raise ValueError(f"path_members is {self.path_members}: at most n_members = {self.n_members} are possible")
        return self


class SimulationSettings(EnsembleSettings):
    """How the system is simulated. Times are in the system's units; what is left out is the system's default."""

    dt: Annotated[PositiveFloat, Field(description="Time step.")]
    n_members: Annotated[Members, Field(ge=20)] = _SIMULATION.n_members
    n_times: Times = _SIMULATION.n_times
    path_members: Annotated[PositiveInt, Field(description="Members of the densely saved path.")] = 100
    shards: Annotated[
        PositiveInt, Field(description="Jobs over which the members are divided; their results are put together.")
    ] = 1
    precision: Annotated[Literal[PRECISIONS], Field(description=SimulationOptions.description("precision"))] = (
        _SIMULATION.precision
    )


class DataSettings(Options):
    """Which of the samples are used, and for what."""

    held_out: HeldOut = SplitOptions().held_out
    n_samples: Annotated[
        int | None,
        Field(ge=100, description="Training samples used; all by default. Members are used up first."),
    ] = None
    points: Annotated[
        int | None,
        Field(ge=1, description="Of a system on a ring: number of equispaced variables observed; all by default."),
    ] = None
    shifts: Annotated[
        PositiveInt, Field(description="Of a system on a ring: circular shifts of each snapshot used as samples.")
    ] = 1
