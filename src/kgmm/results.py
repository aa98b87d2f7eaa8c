"""What tables, figures and report of a run are made from: its results by experiment, trajectory, sweep and section.

All are built from a plan by :class:`kgmm.jobs.run_results.RunResults`.
"""

from __future__ import annotations

from dataclasses import dataclass, field

# Folder, in that of the project, of everything that runs write.
RESULTS = "results"
FOLDERS_OF_ALL_RUNS = ("store", "logs")  # in it, where no run can have these names
# Names, in the column of the mobility, of the models that Langevin models are compared with.
LINEAR_INVERSE, KRAMERS_MOYAL = "linear inverse", "Kramers–Moyal"
BASELINES = (LINEAR_INVERSE, KRAMERS_MOYAL)


@dataclass(frozen=True)
class ExperimentResult:
    """One experiment: the settings that tell it from others, and the files of its results, ``None`` where it has none.

    Attributes
    ----------
    block, system, method : str
        Names of its block, of its system or data set, and of the method of its score.
    sigma : float
        Noise amplitude in standard deviations of the data.
    min_probability : float or None
        ``p_min``; ``None`` if it is left to the data.
    n_samples : int or None
        Training samples; ``None`` for all.
    replicate : int
        Number of the replicate.
    title : str
        Heading of the block.
    axes : dict
        Values of the settings to which its block gives several, by column of the tables.
    score, evaluation : str or None
        Files of the score model and of its evaluation.
    race, times : str or None
        Files of a race.
    comparison, comparison_fitted : str or None
        Files of the comparisons of the models with the identity mobility and with the fitted one.
    response : str or None
        File of the response to a small change of the drift.
    restored : str or None
        File of data and model in the units of the file.
    """

    block: str
    system: str
    method: str
    sigma: float
    min_probability: float | None = None
    n_samples: int | None = None
    replicate: int = 0
    title: str = ""
    axes: dict = field(default_factory=dict)
    score: str | None = None
    evaluation: str | None = None
    race: str | None = None
    times: str | None = None
    comparison: str | None = None
    comparison_fitted: str | None = None
    response: str | None = None
    restored: str | None = None


@dataclass(frozen=True)
class TrajectoryResult:
    """One trajectory of a run.

    Attributes
    ----------
    block : str
        The first block that uses it.
    system : str
        Name of the system or data set.
    replicate : int
        Number of the replicate.
    description : str
        File of its description.
    """

    block: str
    system: str
    replicate: int
    description: str


@dataclass(frozen=True)
class Sweep:
    """One block that is a sweep.

    Attributes
    ----------
    block : str
        Name of the block.
    mode : str
        ``"grid"`` or ``"zip"``.
    choices, problems : tuple of str
        Columns of the axes of the estimate, and of those of problem and data.
    axes : tuple of str
        All columns, in the order of the configuration.
    results : tuple of ExperimentResult
        Its experiments.
    """

    block: str
    mode: str
    axes: tuple[str, ...]
    choices: tuple[str, ...]
    problems: tuple[str, ...]
    results: tuple[ExperimentResult, ...] = ()


@dataclass(frozen=True)
class Section:
    """The section of a block in the report.

    Attributes
    ----------
    name, title, system, see : str
        Name and heading of the block, the name of its system or data set, and what is to be seen.
    observed : bool
        Whether its data are a user's and not simulated.
    figure, training, sweep, trajectory, restored : str or None
        Images of its figure, of the fits of its networks, of its sweep, of its trajectory, and of data and model in
        the units of the file.
    joint : tuple of str
        Images of the figures over several blocks of which it is the first.
    """

    name: str
    title: str
    system: str
    see: str = ""
    observed: bool = False
    figure: str | None = None
    training: str | None = None
    sweep: str | None = None
    trajectory: str | None = None
    restored: str | None = None
    joint: tuple[str, ...] = ()


@dataclass(frozen=True)
class Opening:
    """The head of the report.

    Attributes
    ----------
    abstract : str
        What was done.
    findings : tuple of dict
        What was found, see :class:`kgmm.config.claims.Finding`.
    pictures : tuple of str
        Images, the first beside the abstract.
    """

    abstract: str = ""
    findings: tuple[dict, ...] = ()
    pictures: tuple[str, ...] = ()


@dataclass(frozen=True)
class Picture:
    """One picture of a run.

    Attributes
    ----------
    rule : str
        Name of its rule.
    name : str
        What it is of: a block, or a figure over several.
    sources : list
        What it is made from: built-in types and records.
    files : tuple of str
        The picture as PNG and PDF, and the data that it shows.
    record, log : str
        Files of what it cost and of what was said.
    """

    rule: str
    name: str
    sources: list
    files: tuple[str, str, str]
    record: str
    log: str

    @property
    def kind(self) -> str:
        """Name of the kind."""
        return self.rule.removeprefix("draw_")
