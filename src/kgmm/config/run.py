"""The typed configuration of a whole run: its blocks of experiments, and how they are computed."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, create_model

from kgmm.config.claims import Claim, Finding
from kgmm.config.limits import Limits
from kgmm.config.stages import STAGES
from kgmm.figures.registry import figure_kind_file, figure_kinds
from kgmm.options import Options, PositiveInt
from kgmm.results import FOLDERS_OF_ALL_RUNS

_MOST_THREADS = 1024


def _threads_of_stages() -> dict:
    """A field for every stage of the table."""
    fields = {}
    for stage in STAGES.values():
        fields[stage.name] = (
            Annotated[int, Field(ge=1, le=_MOST_THREADS, description=f"Threads of {stage.does}.")],
            stage.threads,
        )
    return fields


# Here and not in a profile, because they can change the last bits of a result.
Threads = create_model("Threads", __base__=Options, __doc__="Threads of each numeric stage.", **_threads_of_stages())


def _known_kind(name: str) -> str:
    figure_kind_file(name)
    return name


def _known_figure(name: str) -> str:
    return name if name == "auto" else _known_kind(name)


class Block(BaseModel):
    """Experiments that belong together: settings as in an experiment, where a list stands for several values."""

    model_config = ConfigDict(extra="allow", strict=True, frozen=True)

    name: Annotated[
        str, Field(pattern=r"^[a-z0-9_]+$", max_length=80, description="Name of the block, used for its figure.")
    ]
    title: Annotated[str | None, Field(description="Heading in the report.")] = None
    see: Annotated[str | None, Field(description="A sentence under the heading: what is to be seen here.")] = None
    mode: Annotated[
        Literal["grid", "zip"],
        Field(description="grid: lists multiply out; zip: lists of equal length pair up."),
    ] = "grid"
    figure: Annotated[
        str,
        AfterValidator(_known_figure),
        Field(
            description="auto: what the first results show; sweep: a table, a figure and the best settings over all "
            "axes of the block; or a kind of figure, such as noise_amplification (errors against σ) and error_map "
            "(errors against σ, p_min and number of samples).",
            json_schema_extra={"enum": ["auto", *figure_kinds()]},
        ),
    ] = "auto"
    replicates: Annotated[PositiveInt, Field(description="Independent repetitions, each with its own simulation.")] = 1
    first_replicate: Annotated[int, Field(ge=0, description="Number of the first repetition.")] = 0


class JointFigure(Options):
    """A further figure, of a block or over several, shown with the first of them."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9_]+$", description="Name of its files.")]
    kind: Annotated[
        str,
        AfterValidator(_known_kind),
        Field(
            description="A kind of figure, such as ring: densities averaged over positions, a column for each number "
            "of points.",
            json_schema_extra={"enum": figure_kinds()},
        ),
    ]
    blocks: Annotated[list[str], Field(min_length=1, description="Names of the blocks.")]


def _not_a_folder_of_all_runs(name: str) -> str:
    if name in FOLDERS_OF_ALL_RUNS:
        raise ValueError(f"{name!r} is what a folder of all runs is called: choose another name")
    return name


class RunConfig(Options):
    """A whole run."""

    name: Annotated[
        str,
        Field(pattern=r"^[a-z0-9_-]+$", max_length=80, description="Name of the folder under results/."),
        AfterValidator(_not_a_folder_of_all_runs),
    ]
    title: Annotated[str, Field(description="Heading of the report.")] = "KGMM"
    seed: Annotated[int, Field(ge=0, description="Seed from which all random numbers of the run derive.")] = 0
    device: Annotated[
        Literal["auto", "cpu", "cuda"],
        Field(description="Where torch computes; auto takes a GPU if there is one."),
    ] = "cpu"
    threads: Annotated[Threads, Field(description="Threads of each numeric stage.")] = Threads()
    limits: Annotated[
        Limits, Field(description="What a task and a run may take at most; more is refused before any job.")
    ] = Limits()
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
    abstract: Annotated[str, Field(description="What was done, in two sentences at the head of the report.")] = ""
    findings: Annotated[list[Finding], Field([], description="What was found, below the abstract, and its limits.")]
    head: Annotated[
        list[str],
        Field(
            [],
            description="Names of further figures whose pictures stand at the head of the report, the first beside the "
            "abstract.",
        ),
    ]
    experiments: Annotated[list[Block], Field(min_length=1, description="Blocks of experiments.")]
