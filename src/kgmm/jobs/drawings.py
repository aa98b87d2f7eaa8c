"""The kinds of pictures of a run: what each shows, and from which results."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from kgmm.config.axes import shared_axis
from kgmm.figures.registry import figure_kinds
from kgmm.jobs.bundles import Bundles
from kgmm.jobs.fingerprint import module_fingerprint
from kgmm.jobs.run_results import RunResults
from kgmm.results import Picture

_SUFFIXES = (".png", ".pdf", ".nc")
# To start Python and matplotlib takes as long as to draw one or two. The same for all runs: other jobs for the same
# pictures would draw them again.
_PICTURES_PER_JOB = 4


@dataclass(frozen=True)
class Drawing:
    """One kind of picture, and the rule that draws it.

    Attributes
    ----------
    rule, folder : str
        Name of the rule, and of the folder of the pictures in the folder of the run.
    names : list of str
        What there is a picture of: blocks, or figures over several.
    awaited_by, sources_of : callable
        By name, files that say that the results are there, and what the picture is made from.
    code : str
        Fingerprint of the code that draws.
    path : callable
        Gives files in the folder of the run.
    """

    rule: str
    folder: str
    names: list[str]
    awaited_by: Callable[[str], list[str]]
    sources_of: Callable[[str], list]
    code: str
    path: Callable[[str], str]

    def awaited(self, names: Sequence[str]) -> list[str]:
        """What a job that draws these pictures waits for."""
        return sorted({file for name in names for file in self.awaited_by(name)})

    def files(self, name: str) -> tuple[str, str, str]:
        """Files of a picture: PNG, PDF and data."""
        return tuple(self.path(f"{self.folder}/{name}{suffix}") for suffix in _SUFFIXES)

    def record(self, name: str) -> str:
        """File of what a picture cost."""
        return self.path(f"records/{self.rule}/{name}.json")

    def log(self, name: str) -> str:
        """File of what was said while it was drawn."""
        return self.path(f"logs/{self.rule}/{name}.log")

    def pictures(self, names: Sequence[str]) -> list[Picture]:
        """Pictures with all that a job needs to know to draw them."""
        return [
            Picture(self.rule, name, self.sources_of(name), self.files(name), self.record(name), self.log(name))
            for name in names
        ]

    def jobs(self) -> Iterator[tuple[str, list[str]]]:
        """Names of rules, and of the pictures that a job of each draws."""
        n_jobs = -(-len(self.names) // _PICTURES_PER_JOB)
        for k in range(n_jobs):
            names = self.names[k * len(self.names) // n_jobs : (k + 1) * len(self.names) // n_jobs]
            yield f"{self.rule}_{len(names)}x_{zlib.crc32(' '.join(names).encode()):08x}", names


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
        return lambda name: bundles.done(results.done(*roles, block=name))

    def figure(name: str) -> list:
        return [results.kind_of_figure(name), *results.of_block(name)]

    def training(name: str) -> list:
        # What tells the fits of a block apart, and nothing of what is made from them.
        later = dict.fromkeys(("evaluation", "comparison", "comparison_fitted", "response", "restored"))
        return [replace(result, **later) for result in results.of_block(name)]

    def trajectory(name: str) -> list:
        return [results.description_of(name)]

    def restored(name: str) -> list:
        return [results.restored_of(name)]

    def sweep(name: str) -> list:
        (found,) = (sweep for sweep in results.sweeps if sweep.block == name)
        return [path("sweep.csv"), *shared_axis(list(found.axes), found.mode)]

    kinds = [kind for kind in figure_kinds() if kind not in ("training", "trajectory", "restored", "sweep")]
    drawn = results.drawn
    compared = of_block("evaluation", "comparison", "comparison_fitted", "response", "race")
    table = [
        ("draw_figure", "figures", compared, figure, kinds),
        ("draw_trajectory", "trajectories", of_block("description"), trajectory, ["trajectory", "empty"]),
        ("draw_training", "training", of_block("score"), training, ["training", "empty"]),
        ("draw_restored", "restored", of_block("restored"), restored, ["restored", "empty"]),
        ("draw_sweep", "sweeps", lambda name: [path("sweep.csv")], sweep, ["sweep"]),
    ]
    return [
        Drawing(rule, folder, drawn[folder], awaited, sources, f"{code} {_code_of(own)}", path)
        for rule, folder, awaited, sources, own in table
    ]


def _code_of(kinds: list[str]) -> str:
    return module_fingerprint(tuple(f"kgmm.figures.kinds.{kind}" for kind in kinds))
