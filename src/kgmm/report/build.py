"""Assembles the report from the tables and figures of a run."""

from __future__ import annotations

import time
from dataclasses import asdict
from importlib.resources import files
from pathlib import Path

import jinja2
import pandas as pd
import plotly.offline

from kgmm.config.stages import STAGES
from kgmm.progress import duration
from kgmm.report import model_tables, tables
from kgmm.report.cells import filled, merged, unbroken, with_subscripts
from kgmm.report.claims import claim_groups, told_findings
from kgmm.report.conclusions import conclusion
from kgmm.report.explorer import explorer_entries
from kgmm.report.pictures import pictures_of
from kgmm.report.response_table import response_table
from kgmm.report.restored_table import restored_table
from kgmm.report.sweep_explorer import sweep_entries
from kgmm.report.sweep_tables import first_trajectory, sweep_part
from kgmm.report.variants import by_variant, told_once
from kgmm.report.verdicts import verdicts
from kgmm.results import BASELINES, ExperimentResult, Opening, Section, Sweep

# What the folded tables of a block are about.
_NUMBERS = {
    "scores": "scores", "models": "densities", "joint_statistics": "joint densities and tails", "clocks": "time scales",
    "mobilities": "mobility",
}  # fmt: skip
_ORDER = (*STAGES, "draw_trajectory", "draw_training", "draw_restored", "draw_figure", "draw_sweep")


def build_report(
    *,
    title: str,
    run: str,
    seed: int,
    opening: Opening,
    sections: list[Section],
    rows: list[ExperimentResult],
    studies: dict[str, list[str]],
    sweeps: list[Sweep],
    metrics: str | Path,
    races: str | Path,
    trajectories: str | Path,
    costs: str | Path,
    verification: str | Path,
    sweep: str | Path | None,
    best: str | Path | None,
    config: str | Path,
    environment: dict,
    threads: int = 1,
) -> str:
    """The report as HTML text.

    Parameters
    ----------
    title, run : str
        Heading of the page, and name of the run.
    seed : int
        Seed of the run.
    opening : Opening
        The head of the page.
    sections : list of Section
        The blocks of experiments.
    rows : list of ExperimentResult
        Experiments that the explorer shows.
    studies : dict
        Images of the figures of other runs, by their names.
    sweeps : list of Sweep
        The sweeps among the blocks.
    metrics, races, trajectories, costs, verification : str or Path
        The run's CSV tables.
    sweep, best : str, Path or None
        The tables of the sweeps, if there are any.
    config : str or Path
        The resolved configuration.
    environment : dict
        Versions, platform and commit.
    threads : int
        To encode the pictures.
    """
    all_metrics = pd.read_csv(metrics, keep_default_na=True)
    all_costs = pd.read_csv(costs)
    all_costs["stage"] = pd.Categorical(all_costs["stage"], _ORDER, ordered=True)
    all_costs = all_costs.sort_values("stage")
    all_costs["stage"] = all_costs["stage"].astype(str)
    of_sweeps = _sweeps(sweeps, sweep, best, all_metrics, sections)
    all_races = pd.read_csv(races)
    frames = all_metrics, pd.read_csv(trajectories), all_races
    of_sections = (path for section in sections for path in (*_images(section).values(), *section.joint))
    wanted = [*opening.pictures, *of_sections, *(path for paths in studies.values() for path in paths)]
    pictures = pictures_of((path for path in wanted if path is not None), threads)
    blocks = [_block(section, pictures, of_sweeps["parts"].get(section.name), *frames) for section in sections]
    cost_rows = tables.cost_table(all_costs)
    claims = claim_groups(pd.read_csv(verification))
    explorer = explorer_entries(sections, rows, all_metrics)
    template = jinja2.Environment(
        loader=jinja2.FunctionLoader(_part), autoescape=True, undefined=jinja2.StrictUndefined
    )
    template.filters |= {
        "duration": duration, "filled": filled, "unbroken": unbroken, "with_subscripts": with_subscripts,
    }  # fmt: skip
    return template.get_template("template.html").render(
        title=title,
        run=run,
        seed=seed,
        blocks=blocks,
        score_columns=[(label, statistic) for statistic, label in tables.SCORE_COLUMNS.items()],
        headline=_headline(all_metrics[~all_metrics["block"].isin(of_sweeps["parts"])]),
        abstract=opening.abstract,
        findings=told_findings(opening.findings, {"metrics": all_metrics, "races": all_races}),
        head=[pictures[path] for path in opening.pictures],
        claims=claims,
        n_claims=sum(len(group["rows"]) for group in claims),
        n_holding=sum(group["n_holding"] for group in claims),
        all_count=all(row["counts"] for group in claims for row in group["rows"]),
        n_experiments=sum(
            table.groupby(columns, dropna=False).ngroups
            for table, columns in ((all_metrics, _experiment(sweeps)), (all_races, ["block", "sigma", "replicate"]))
        ),
        n_results=int(all_costs["stage"].isin(STAGES).sum()),
        n_failed=int((all_costs["status"] == "failed").sum()),
        costs=cost_rows,
        total={name: sum(row[name] for row in cost_rows) for name in ("jobs", "wall_s", "startup_s", "cpu_s")},
        core_s=float((all_costs["threads"] * (all_costs["wall_s"] + all_costs["startup_s"])).sum()),
        core_share=_core_share(all_costs),
        peak_memory_mb=float(all_costs["peak_memory_mb"].max()),
        config=Path(config).read_text(encoding="utf-8"),
        environment=environment,
        date=time.strftime("%Y-%m-%d %H:%M %Z"),
        explorer=explorer,
        sweep_explorer=of_sweeps["entries"],
        studies={study: [pictures[path] for path in paths] for study, paths in studies.items() if paths},
        style=_part("style.css"),
        scripts=_scripts(bool(explorer), bool(of_sweeps["entries"])),
    )


def _block(
    section: Section,
    pictures: dict,
    settings: dict | None,
    metrics: pd.DataFrame,
    trajectories: pd.DataFrame,
    races: pd.DataFrame,
) -> dict:
    """Pictures and tables of a block; a sweep has those of its settings in the place of those of every experiment."""
    own, data, race = (told_once(table[table["block"] == section.name]) for table in (metrics, trajectories, races))
    of_section = {name: pictures.get(path) for name, path in _images(section).items()}
    common = asdict(section) | of_section | {"joint": [pictures[path] for path in section.joint], "settings": settings}
    shown = own if settings is None else own.iloc[:0]
    failed = [
        shown,
        data.assign(sigma="–", method="–", statistic="data"),
        race.assign(method="kgmm, dsm", statistic="race"),
    ]
    tables_of = {
        "scores": tables.score_table,
        "models": lambda rows: merged(model_tables.model_table(rows)),
        "joint_statistics": lambda rows: merged(model_tables.joint_table(rows)),
        "clocks": model_tables.clock_table,
        "mobilities": model_tables.mobility_table,
        "responses": response_table,
    }
    found = {name: by_variant(table, shown) for name, table in tables_of.items()}
    return (
        common
        | found
        | {
            "conclusion": conclusion(shown),
            "numbers": [words for name, words in _NUMBERS.items() if found[name]],
            "preparation": next(iter(data["preparation"].dropna()), ""),
            "verdicts": verdicts(own, data) if section.observed and settings is None else [],
            "quantiles": restored_table(section.restored),
            "race": tables.race_table(race),
            "findings": tables.finding_table(data),
            "data": tables.trajectory_table(data if settings is None else first_trajectory(data)),
            "failures": [row for table in failed for row in tables.failures(table)] if settings is None else [],
        }
    )


def _images(section: Section) -> dict[str, str | None]:
    """Images of a section but those over several blocks, by what they show."""
    return {name: getattr(section, name) for name in ("figure", "trajectory", "training", "restored", "sweep")}


def _sweeps(
    sweeps: list[Sweep],
    table: str | Path | None,
    best: str | Path | None,
    metrics: pd.DataFrame,
    sections: list[Section],
) -> dict:
    """Tables of the sweeps by block, and the entries of their explorer."""
    if not sweeps:
        return {"parts": {}, "entries": []}
    # Where everything is a number without a unit, 1 is not to become 1.0.
    settings, found = pd.read_csv(table, dtype={"units": str}), pd.read_csv(best)
    titles = {section.name: section.title for section in sections}
    parts = {sweep.block: sweep_part(sweep, settings, found, metrics) for sweep in sweeps}
    replicates = {block: part["n_replicates"] for block, part in parts.items()}
    return {"parts": parts, "entries": sweep_entries(sweeps, titles, settings, replicates)}


def _experiment(sweeps: list[Sweep]) -> list[str]:
    """Columns that tell experiments apart."""
    axes = [column for sweep in sweeps for column in sweep.axes]
    return list(dict.fromkeys(["block", "method", "sigma", "replicate", *axes]))


def _scripts(explorer: bool, sweep_explorer: bool) -> list[str]:
    """Those that the page needs, in the order in which they build on each other."""
    scripts = [plotly.offline.get_plotlyjs(), _part("plots.js")] if explorer or sweep_explorer else []
    scripts += [_part("explorer.js")] * explorer + [_part("sweep_explorer.js")] * sweep_explorer
    return [*scripts, _part("page.js")]


def _part(name: str) -> str:
    return files("kgmm.report").joinpath(name).read_text(encoding="utf-8")


def _core_share(costs: pd.DataFrame) -> float:
    """Computation's part of the core time of the jobs; the rest is their start-up."""
    computing, starting = ((costs["threads"] * costs[name]).sum() for name in ("wall_s", "startup_s"))
    return float(computing / (computing + starting))


def _headline(metrics: pd.DataFrame) -> list[dict]:
    """The best KGMM score and the worst marginal of its model for every block."""
    rows = []
    usable = metrics[(metrics["status"] == "ok") & (metrics["method"] == "kgmm")]
    for block, group in usable.groupby("block", sort=False):
        errors = group[group["statistic"] == "score_error"]
        entropy = group[(group["statistic"] == "relative_entropy") & ~group["mobility"].isin(BASELINES)]
        worst = entropy.loc[entropy["value"].idxmax()] if len(entropy) else None
        by_sigma = errors.groupby("sigma")["value"].median()
        rows.append(
            {
                "block": block,
                "errors": [f"{tables.number(value)} (σ = {sigma:g})" for sigma, value in by_sigma.items()],
                "entropy": "–" if worst is None else tables.with_error(worst["value"], worst["stderr"]),
                "where": "" if worst is None else f"{worst['variable']}, σ = {worst['sigma']:g}",
                "floor": "–" if worst is None else tables.with_error(worst["floor"], worst["floor_stderr"]),
            }
        )
    return rows
