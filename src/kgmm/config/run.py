"""The typed configuration of a whole run: its blocks of experiments, and how they are computed."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from kgmm.config.claims import Claim
from kgmm.options import Options, PositiveInt


class Threads(Options):
    """Threads of each numeric stage: here and not in a profile, because they can change the last bits of a result."""

    simulate_trajectory: Annotated[PositiveInt, Field(description="Threads of one simulation.")] = 1
    simulate_shard: Annotated[PositiveInt, Field(description="Threads of one part of a simulation.")] = 1
    merge_shards: Annotated[PositiveInt, Field(description="Threads that put the parts together.")] = 1
    import_dataset: Annotated[PositiveInt, Field(description="Threads of reading a user's data.")] = 1
    describe_trajectory: Annotated[PositiveInt, Field(description="Threads of describing a trajectory.")] = 1
    estimate_cells: Annotated[PositiveInt, Field(description="Threads of one partition and its moments.")] = 1
    prepare_cells: Annotated[PositiveInt, Field(description="Threads of one partition for several shards.")] = 1
    accumulate_moments: Annotated[PositiveInt, Field(description="Threads of the draws of one shard.")] = 1
    gather_cells: Annotated[PositiveInt, Field(description="Threads that put the draws of all shards together.")] = 1
    fit_score: Annotated[PositiveInt, Field(description="Threads of one fit of a network.")] = 1
    evaluate_score: Annotated[PositiveInt, Field(description="Threads of one evaluation of scores.")] = 1
    race_score: Annotated[PositiveInt, Field(description="Threads of a race; it has all cores for itself.")] = 2
    sample_langevin: Annotated[PositiveInt, Field(description="Threads of one sample of a Langevin model.")] = 1
    compare_model: Annotated[PositiveInt, Field(description="Threads of one comparison of model and data.")] = 1
    estimate_mobility: Annotated[PositiveInt, Field(description="Threads of one estimate of the mobility.")] = 1
    sample_fitted: Annotated[
        PositiveInt, Field(description="Threads of one sample of a model with the fitted mobility.")
    ] = 1
    compare_fitted: Annotated[
        PositiveInt, Field(description="Threads of one comparison of the model with the fitted mobility.")
    ] = 1


class Block(BaseModel):
    """Experiments that belong together: settings as in an experiment, where a list stands for several values."""

    model_config = ConfigDict(extra="allow", strict=True, frozen=True)

    name: Annotated[str, Field(pattern=r"^[a-z0-9_]+$", description="Name of the block, used for its figure.")]
    title: Annotated[str | None, Field(description="Heading in the report.")] = None
    mode: Annotated[
        Literal["grid", "zip"],
        Field(description="grid: lists multiply out; zip: lists of equal length pair up."),
    ] = "grid"
    figure: Annotated[
        Literal["auto", "noise_amplification", "error_map", "sweep"],
        Field(
            description="auto: what the first results show; noise_amplification: errors against σ; error_map: errors "
            "against σ, p_min and number of samples; sweep: a table, a figure and the best settings over all axes of "
            "the block."
        ),
    ] = "auto"
    replicates: Annotated[PositiveInt, Field(description="Independent repetitions, each with its own simulation.")] = 1
    first_replicate: Annotated[int, Field(ge=0, description="Number of the first repetition.")] = 0


class JointFigure(Options):
    """A further figure, of a block or over several, shown with the first of them."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9_]+$", description="Name of its files.")]
    kind: Annotated[
        Literal["ring"],
        Field(description="ring: densities averaged over positions, a column for each number of points."),
    ]
    blocks: Annotated[list[str], Field(min_length=1, description="Names of the blocks.")]


class RunConfig(Options):
    """A whole run."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9_-]+$", description="Name of the folder under results/.")]
    title: Annotated[str, Field(description="Heading of the report.")] = "KGMM"
    seed: Annotated[int, Field(ge=0, description="Seed from which all random numbers of the run derive.")] = 0
    device: Annotated[
        Literal["auto", "cpu", "cuda"],
        Field(description="Where torch computes; auto takes a GPU if there is one."),
    ] = "cpu"
    threads: Annotated[Threads, Field(description="Threads of each numeric stage.")] = Threads()
    rows_per_job: Annotated[
        PositiveInt,
        Field(
            description="Tasks of one stage that a job takes, at most: its start is paid once. No result depends on it."
        ),
    ] = 1
    max_runs: Annotated[PositiveInt, Field(description="Guard: a plan with more experiments is refused.")] = 10_000
    defaults: Annotated[dict, Field({}, description="Settings of every experiment unless its block says otherwise.")]
    studies: Annotated[
        list[Annotated[str, Field(pattern=r"^[a-z0-9_-]+$")]],
        Field([], description="Other runs whose figures the report shows too, once they are there."),
    ]
    figures: Annotated[list[JointFigure], Field([], description="Further figures, of a block or over several.")]
    claims: Annotated[list[Claim], Field([], description="What the tables of the run must show.")]
    experiments: Annotated[list[Block], Field(min_length=1, description="Blocks of experiments.")]
