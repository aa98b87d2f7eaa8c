"""Writes the tables of README.md and docs/results.md from measured numbers.

    python docs/measured_tables.py                          the tables, from docs/measured/
    python docs/measured_tables.py results/paper …          first takes over the numbers of these runs
    python docs/measured_tables.py --check                  only says whether the tables are those of the numbers

A table stands between ``<!-- table: name -->`` and ``<!-- end of table -->``; its name is that of a function here.
"""

from __future__ import annotations

import json
import os
import platform
import re
import shutil
import sys
from pathlib import Path

import numpy as np
import pandas as pd

from kgmm.methods.registry import get_method
from kgmm.report.tables import median_and_range, number
from kgmm.results import BASELINES

ROOT = Path(__file__).parents[1]
MEASURED = ROOT / "docs/measured"
PAGES = ("README.md", "docs/results.md")
_STATISTICS = (
    "score_error", "smoothed_score_error", "center_score_error", "smoothing_bias", "denoising_loss",
    "relative_entropy", "joint_total_variation", "decorrelation_time", "integrated_time",
    "autocorrelation_error", "autocorrelation_error_5", "reversible_bound", "mobility",
)  # fmt: skip
_COLUMNS = (
    "block", "method", "sigma", "replicate", "mobility", "statistic", "variable", "value", "stderr", "data_value",
    "floor", "floor_stderr", "excess", "excess_stderr", "blurred_value",
)  # fmt: skip
# Of runs that have them.
_PICTURES = ("figures/overview.png", "figures/all_models.png", "figures/ring.png")
_TABLE = re.compile(r"(<!-- table: (\w+) -->\n).*?(<!-- end of table -->)", re.DOTALL)


def take_over(run: Path) -> None:
    """Keeps of a finished run the numbers that tables show, and where they were measured."""
    metrics = pd.read_csv(run / "metrics.csv")
    kept = metrics[(metrics["status"] == "ok") & metrics["statistic"].isin(_STATISTICS)]
    MEASURED.mkdir(exist_ok=True)
    kept[list(_COLUMNS)].to_csv(MEASURED / f"{run.name}.csv", index=False, float_format="%.5g")
    pd.read_csv(run / "races.csv").to_csv(MEASURED / f"{run.name}-races.csv", index=False, float_format="%.5g")
    manifest = json.loads((run / "manifest.json").read_text())
    costs = pd.read_csv(run / "costs.csv")
    facts = {
        "commit": manifest["commit"], "machine": machine(), "seed": manifest["seed"],
        "core_hours": round(float((costs["threads"] * (costs["wall_s"] + costs["startup_s"])).sum()) / 3600, 2),
        "peak_memory_mb": round(float(costs["peak_memory_mb"].max())),
    }  # fmt: skip
    (MEASURED / f"{run.name}.json").write_text(json.dumps(facts, indent=1) + "\n")
    for picture in _PICTURES:
        if (run / picture).exists():
            shutil.copy(run / picture, ROOT / "docs/images")


def machine() -> str:
    """This machine, on which a run was made that is taken over."""
    info = Path("/proc/cpuinfo")
    models = re.findall(r"model name\s*: (.*)", info.read_text()) if info.exists() else [platform.machine()]
    return f"{os.cpu_count()} cores, {models[0].strip()}"


class Run:
    """The numbers of a run that was taken over."""

    def __init__(self, name: str):
        self.name = name
        self.metrics = pd.read_csv(MEASURED / f"{name}.csv")
        self.races = pd.read_csv(MEASURED / f"{name}-races.csv")
        self.facts = json.loads((MEASURED / f"{name}.json").read_text())

    def rows(self, statistic: str, **where) -> pd.DataFrame:
        """Rows of a statistic; ``None`` leaves a column open."""
        rows = self.metrics[self.metrics["statistic"] == statistic]
        for column, wanted in where.items():
            if wanted is not None:
                rows = rows[rows[column].isin(wanted if isinstance(wanted, (list, tuple)) else [wanted])]
        return rows

    def models(self, statistic: str, **where) -> pd.DataFrame:
        """Rows of a statistic of Langevin models."""
        rows = self.rows(statistic, **where)
        return rows[~rows["mobility"].isin(BASELINES)]

    @property
    def origin(self) -> str:
        """Where the numbers come from."""
        return f"commit `{self.facts['commit'][:7]}`, seed {self.facts['seed']}, {self.facts['machine']}"


def worst(rows: pd.DataFrame, column: str = "value") -> str:
    """The row of the largest value, with its standard error."""
    rows = rows.dropna(subset=[column])
    if rows.empty:
        return "–"
    row = rows.loc[rows[column].idxmax()]
    error = row["stderr" if column == "value" else f"{column}_stderr"]
    value = number(row[column] if column != "floor" else max(row[column], 0.0), 2)
    return value if not np.isfinite(error) else f"{value} ± {number(error, 1)}"


def off_by(times: pd.DataFrame) -> str:
    """The largest relative difference of times to those of the data, and that of another part of the data, in %."""
    relative = (times["value"] / times["data_value"] - 1.0).dropna()
    if relative.empty:
        return "–"
    floor = (times["floor"] / times["data_value"]).max()
    return f"{100 * relative[relative.abs().idxmax()]:+.0f} ({100 * floor:.0f})".replace("-", "−")


def markdown(headings: list[str], rows: list[list[str]]) -> str:
    lines = [headings, ["---"] * len(headings), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


_SYSTEMS = {
    "double_well": "double well, 10⁴ samples",
    "double_well_large": "double well, 10⁵ samples",
    "reduced_triad": "reduced triad",
    "asymmetric_potential": "asymmetric potential",
    "asymmetric_potential_rotation": "asymmetric potential, rotating",
    "lorenz63": "Lorenz 63",
    "lorenz96": "Lorenz 96, four slow variables",
    "kuramoto_sivashinsky": "Kuramoto–Sivashinsky, four points",
    "kuramoto_sivashinsky_8": "Kuramoto–Sivashinsky, eight points",
}
_SHORT = (
    "double_well_large", "reduced_triad", "asymmetric_potential_rotation", "lorenz63", "kuramoto_sivashinsky_8"
)  # fmt: skip


def measured(run: Run, what: str = "") -> str:
    """The line below a table: what its numbers are, and where they were measured."""
    return f"\n{what}{' ' if what else ''}`make {run.name}` at {run.origin}.\n"


def readme_results() -> str:
    """Five systems of the paper: score, density and clock."""
    run, rows = Run("paper"), []
    for block in _SHORT:
        entropies = run.models("relative_entropy", block=block)
        clocks = run.models("autocorrelation_error_5", block=block)
        clocks = clocks[clocks["mobility"] != "identity"]
        bound = run.models("reversible_bound", block=block)["value"].max()
        rows.append(
            [
                _SYSTEMS[block], f"{run.metrics.loc[run.metrics['block'] == block, 'sigma'].iloc[0]:g}",
                median_and_range(run.rows("score_error", block=block, method="kgmm")["value"].dropna(), 2),
                f"{worst(entropies)} ({worst(entropies.loc[[entropies['value'].idxmax()]], 'floor')})",
                f"{worst(clocks)} ({number(bound, 2)})",
            ]
        )  # fmt: skip
    headings = [
        "system", "σ", "error of the score", "relative entropy, worst marginal (noise floor)",
        "autocorrelations over five times (reversible models: at least)",
    ]  # fmt: skip
    return markdown(headings, rows) + measured(run)


def scores() -> str:
    """Errors of the scores against the exact ones."""
    run, rows = Run("paper"), []
    methods = ("gmm", "kgmm_cells", "gmm_network", "kgmm")
    for block in ("double_well", "double_well_large", "reduced_triad", "asymmetric_potential"):
        blocks = [block, f"{block}_replicates"]
        for sigma in sorted(run.rows("score_error", block=blocks)["sigma"].unique()):
            cells = [
                median_and_range(run.rows("score_error", block=blocks, sigma=sigma, method=m)["value"].dropna(), 2)
                for m in methods
            ]
            bias = run.rows("smoothing_bias", block=block, sigma=sigma)["value"]
            own = median_and_range(
                run.rows("smoothed_score_error", block=blocks, sigma=sigma, method="kgmm")["value"].dropna(), 2
            )
            rows.append([_SYSTEMS[block], f"{sigma:g}", *cells, number(bias.iloc[0], 2), own])
    labels = [get_method(m).label for m in methods]
    headings = ["system", "σ", *labels, "blur alone", "KGMM network against the blurred score"]
    return markdown(headings, rows) + measured(run, "Median [range] over replicates where there are several.")


def densities() -> str:
    """Marginal and joint densities of the models with Φ = I."""
    run, rows = Run("paper"), []
    for block, name in _SYSTEMS.items():
        for sigma in sorted(run.models("relative_entropy", block=block)["sigma"].unique()):
            where = {"block": block, "sigma": sigma, "mobility": "identity"}
            entropies, joint = run.models("relative_entropy", **where), run.models("joint_total_variation", **where)
            blur = joint["blurred_value"] - joint["floor"]
            rows.append(
                [
                    name, f"{sigma:g}", worst(entropies), worst(entropies.loc[[entropies["value"].idxmax()]], "floor"),
                    worst(joint, "excess"), number(blur.max(), 2) if len(joint) else "–",
                ]
            )  # fmt: skip
    headings = [
        "model, Φ = I", "σ", "relative entropy, worst marginal", "noise floor",
        "total variation, worst pair, less floor", "of the blurred data, less floor",
    ]  # fmt: skip
    return markdown(headings, rows) + measured(run)


def clocks() -> str:
    """Autocorrelations of the models with a fitted mobility."""
    run, rows = Run("paper"), []
    for block, name in _SYSTEMS.items():
        own = run.models("autocorrelation_error_5", block=block)
        for (sigma, mobility), _ in own[own["mobility"] != "identity"].groupby(["sigma", "mobility"], sort=False):
            where = {"block": block, "sigma": sigma, "mobility": mobility}
            times = run.models("decorrelation_time", **where)
            off = (times["value"] / times["data_value"] - 1).abs().max()
            rows.append(
                [
                    name, f"{sigma:g}", mobility, worst(run.models("autocorrelation_error", **where)),
                    worst(run.models("autocorrelation_error_5", **where)),
                    number(run.models("reversible_bound", **where)["value"].max(), 2),
                    "–" if not np.isfinite(off) else f"{100 * off:.0f} %",
                ]
            )  # fmt: skip
    headings = [
        "model", "σ", "Φ", "rms difference over one time", "over five", "reversible models: at least",
        "1/e times off by",
    ]  # fmt: skip
    return markdown(headings, rows) + measured(run, "Worst variable, held-out data.")


def races() -> str:
    """Times of KGMM and of DSM to an error."""
    run, rows = Run("paper"), []
    for (block, statistic, entry), group in run.races.groupby(["block", "statistic", "entry"], sort=False):
        by, own = group.set_index("baseline"), group.iloc[0]
        cells = [block.removeprefix("race_").replace("_", " "), statistic.replace("_", " "), entry]
        cells += [f"{own['error']:.4g}", f"{own['seconds']:.1f}"]
        for baseline in ("dsm", "dsm_antithetic"):
            row = by.loc[baseline]
            known = np.isfinite(row["baseline_seconds"])
            cells.append(f"{row['baseline_seconds']:.1f}" if known else f"> {row['baseline_bound']:.0f}")
        rows.append(cells)
    headings = ["system", "measure", "KGMM", "reaches", "in CPU s", "DSM needs, CPU s", "with antithetic draws, CPU s"]
    return markdown(headings, rows) + measured(run, "Medians over the seeds, clustering included.")


def dynamics() -> str:
    """The models of ``make dynamics``: densities and clocks by replicate."""
    run, rows = Run("dynamics"), []
    own = run.models("autocorrelation_error_5")
    names = {"rotation": "asymmetric potential, rotating"} | _SYSTEMS
    for (block, mobility), group in own[own["mobility"] != "identity"].groupby(["block", "mobility"], sort=False):
        cells = {"one": [], "five": [], "off": [], "integrated": [], "joint": []}
        for replicate in sorted(group["replicate"].unique()):
            where = {"block": block, "mobility": mobility, "replicate": replicate}
            five = run.models("autocorrelation_error_5", **where)
            cells["one"].append(number(run.models("autocorrelation_error", **where)["value"].max(), 2))
            cells["five"].append(f"{number(five['value'].max(), 2)} ({number(five['floor'].max(), 2)})")
            cells["off"].append(off_by(run.models("decorrelation_time", **where)))
            cells["integrated"].append(off_by(run.models("integrated_time", **where)))
            cells["joint"].append(number(run.models("joint_total_variation", **where)["excess"].max(), 2))
        bound = number(run.models("reversible_bound", block=block)["value"].max(), 2)
        one, five, *others = (", ".join(values) for values in cells.values())
        rows.append([names[block], mobility, one, five, bound, *others])
    headings = [
        "model", "Φ", "rms difference over one time", "over five (floor)", "reversible models: at least",
        "1/e times off by, % (floor)", "integrated times off by, % (floor)",
        "total variation of the worst pair, less floor",
    ]  # fmt: skip
    what = "Worst variable of each replicate, held-out data; floor: the same of another part of the data."
    return markdown(headings, rows) + measured(run, what)


def with_tables(text: str) -> str:
    """The page with its tables made again."""
    return _TABLE.sub(lambda found: found[1] + globals()[found[2]]() + found[3], text)


def main(arguments: list[str]) -> int:
    for run in [Path(argument) for argument in arguments if not argument.startswith("--")]:
        take_over(run)
    differ = []
    for page in PAGES:
        text = (ROOT / page).read_text()
        made = with_tables(text)
        if made != text:
            differ.append(page)
            if "--check" not in arguments:
                (ROOT / page).write_text(made)
    if "--check" in arguments and differ:
        print(f"tables of {', '.join(differ)} are not those of docs/measured/: make readme")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
