"""The kinds of pictures of a run: what each shows, and from which results."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from kgmm.config.axes import shared_axis
from kgmm.figures.registry import figure_kinds
from kgmm.jobs.bundles import Bundles
from kgmm.jobs.fingerprint import module_fingerprint
from kgmm.jobs.run_results import RunResults


@dataclass(frozen=True)
class Drawing:
    """One kind of picture, and the rule that draws it.

    Attributes
    ----------
    rule, folder : str
        Name of the rule, and of the folder of the pictures in the folder of the run.
    names : list of str
        What there is a picture of: blocks, or figures over several.
    awaited : callable
        Input function: files that say that the results are there.
    sources : callable
        Parameter function: what the picture is made from, a list of built-in types and of records.
    code : str
        Fingerprint of the code that draws.
    """

    rule: str
    folder: str
    names: list[str]
    awaited: Callable
    sources: Callable
    code: str

    @property
    def name(self) -> str:
        """Name of the kind."""
        return self.rule.removeprefix("draw_")


def drawings_of(results: RunResults, bundles: Bundles, path: Callable[[str], str], code: str) -> list[Drawing]:
    """The pictures of a run.

    Parameters
    ----------
    results : RunResults
        The results of the run.
    bundles : Bundles
        The bundles of the run.
    path : callable
        Gives files in the folder of the run.
    code : str
        Fingerprint of the script that draws.
    """

    def of_block(*roles: str) -> Callable:
        return lambda wildcards: bundles.done(results.done(*roles, block=wildcards.name))

    def figure(wildcards) -> list:
        return [results.kind_of_figure(wildcards.name), *results.of_block(wildcards.name)]

    def training(wildcards) -> list:
        # What tells the fits of a block apart, and nothing of what is made from them.
        later = dict.fromkeys(("evaluation", "comparison", "comparison_fitted", "response", "restored"))
        return [replace(result, **later) for result in results.of_block(wildcards.name)]

    def trajectory(wildcards) -> list:
        return [results.description_of(wildcards.name)]

    def restored(wildcards) -> list:
        return [results.restored_of(wildcards.name)]

    def sweep(wildcards) -> list:
        (found,) = (sweep for sweep in results.sweeps if sweep.block == wildcards.name)
        return [path("sweep.csv"), *shared_axis(list(found.axes), found.mode)]

    kinds = [kind for kind in figure_kinds() if kind not in ("training", "trajectory", "restored", "sweep")]
    drawn = results.drawn
    compared = of_block("evaluation", "comparison", "comparison_fitted", "response", "race")
    table = [
        ("draw_figure", "figures", compared, figure, kinds),
        ("draw_trajectory", "trajectories", of_block("description"), trajectory, ["trajectory", "empty"]),
        ("draw_training", "training", of_block("score"), training, ["training", "empty"]),
        ("draw_restored", "restored", of_block("restored"), restored, ["restored", "empty"]),
        ("draw_sweep", "sweeps", lambda wildcards: [path("sweep.csv")], sweep, ["sweep"]),
    ]
    return [
        Drawing(rule, folder, drawn[folder], awaited, sources, f"{code} {_code_of(own)}")
        for rule, folder, awaited, sources, own in table
    ]


def _code_of(kinds: list[str]) -> str:
    return module_fingerprint(tuple(f"kgmm.figures.kinds.{kind}" for kind in kinds))
