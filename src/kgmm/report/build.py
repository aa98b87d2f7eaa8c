"""Assembles the report from the tables and figures of a run."""

from __future__ import annotations

import base64
import io
import time
from importlib.resources import files
from pathlib import Path

import jinja2
import pandas as pd
import plotly.offline
from PIL import Image

from kgmm.pipeline.tasks import STAGES
from kgmm.report import model_tables, tables
from kgmm.report.explorer import explorer_entries

_ORDER = (*STAGES, "draw_trajectory", "draw_training", "draw_figure", "draw_sweep")


def build_report(
    *,
    title: str,
    run: str,
    seed: int,
    sections: list[dict],
    rows: list[dict],
    studies: dict[str, list[str]],
    metrics: str | Path,
    races: str | Path,
    trajectories: str | Path,
    costs: str | Path,
    verification: str | Path,
    config: str | Path,
    environment: dict,
) -> str:
    """The report as HTML text.

    Parameters
    ----------
    sections : name, title and system of each block of experiments, whether its data were observed, and the images of
        its figure, of its trajectory and of the fits of its networks, or ``None``; ``joint``: those of the figures over
        several blocks of which it is the first.
    rows : the plan's, with the paths of their results, for the explorer.
    studies : images of the figures of other runs, by their names.
    metrics, races, trajectories, costs, verification : the run's CSV tables; config : the resolved configuration.
    environment : versions, platform and commit.
    """
    all_metrics = pd.read_csv(metrics, keep_default_na=True)
    all_costs = pd.read_csv(costs)
    all_costs["stage"] = pd.Categorical(all_costs["stage"], _ORDER, ordered=True)
    all_costs = all_costs.sort_values("stage")
    all_costs["stage"] = all_costs["stage"].astype(str)
    all_trajectories, all_races = pd.read_csv(trajectories), pd.read_csv(races)
    blocks = []
    for section in sections:
        own = all_metrics[all_metrics["block"] == section["name"]]
        data = all_trajectories[all_trajectories["block"] == section["name"]]
        race = all_races[all_races["block"] == section["name"]]
        blocks.append(
            section
            | {
                "figure": _image(section["figure"]),
                "joint": [_image(path) for path in section["joint"]],
                "trajectory": _image(section["trajectory"]),
                "training": _image(section["training"]),
                "sweep": _image(section["sweep"]),
                "race": tables.race_table(race),
                "data": tables.trajectory_table(data),
                "scores": tables.score_table(own),
                "models": model_tables.model_table(own),
                "clocks": model_tables.clock_table(own),
                "mobilities": model_tables.mobility_table(own),
                "failures": tables.failures(own)
                + tables.failures(data.assign(sigma="–", method="–", statistic="data"))
                + tables.failures(race.assign(method="kgmm, dsm", statistic="race")),
            }
        )
    cost_rows = tables.cost_table(all_costs)
    explorer = explorer_entries(sections, rows, all_metrics)
    template = jinja2.Environment(
        loader=jinja2.FunctionLoader(_part), autoescape=True, undefined=jinja2.StrictUndefined
    )
    template.filters["duration"] = duration
    return template.get_template("template.html").render(
        title=title,
        run=run,
        seed=seed,
        blocks=blocks,
        headline=_headline(all_metrics),
        claims=tables.claim_table(pd.read_csv(verification)),
        n_experiments=int(all_metrics.groupby(["block", "method", "sigma", "replicate"], dropna=False).ngroups),
        n_results=int(all_costs["stage"].isin(STAGES).sum()),
        n_failed=int((all_costs["status"] == "failed").sum()),
        costs=cost_rows,
        total={name: sum(row[name] for row in cost_rows) for name in ("jobs", "wall_s", "startup_s", "cpu_s")},
        core_s=float((all_costs["threads"] * (all_costs["wall_s"] + all_costs["startup_s"])).sum()),
        core_share=_core_share(all_costs),
        peak_memory_mb=float(all_costs["peak_memory_mb"].max()),
        config=Path(config).read_text(),
        environment=environment,
        date=time.strftime("%Y-%m-%d %H:%M %Z"),
        explorer=explorer,
        studies={study: [_image(path) for path in paths] for study, paths in studies.items() if paths},
        plotly=plotly.offline.get_plotlyjs() if explorer else "",
        style=_part("style.css"),
        explorer_script=_part("explorer.js"),
        page_script=_part("page.js"),
    )


def _part(name: str) -> str:
    return files("kgmm.report").joinpath(name).read_text()


def _image(path: str | None) -> dict | None:
    """The picture as base64, the size at which it is as large as it was drawn, and the files beside the report."""
    if path is None:
        return None
    content = io.BytesIO()
    with Image.open(path) as image:
        scale = 96 / image.info.get("dpi", (96, 96))[0]
        size = {"width": round(image.width * scale), "height": round(image.height * scale)}
        # Without loss, at about half the size of a PNG.
        image.convert("RGB").save(content, "WEBP", lossless=True, quality=40, method=3)
    folder, name = Path(path).parts[-2:]
    return size | {
        "image": base64.b64encode(content.getvalue()).decode(),
        "name": f"{folder}-{Path(name).stem}",
        "title": Path(name).stem.replace("_", " "),
        "files": [str(Path(folder, name).with_suffix(suffix)) for suffix in (".pdf", ".png", ".nc")],
    }


def _core_share(costs: pd.DataFrame) -> float:
    """Computation's part of the core time of the jobs; the rest is their start-up."""
    computing, starting = ((costs["threads"] * costs[name]).sum() for name in ("wall_s", "startup_s"))
    return float(computing / (computing + starting))


def duration(seconds: float) -> str:
    """A time in the unit a reader would choose."""
    if seconds < 100:
        return f"{seconds:.0f} seconds"
    return f"{seconds / 60:.1f} minutes" if seconds < 6000 else f"{seconds / 3600:.1f} hours"


def _headline(metrics: pd.DataFrame) -> list[dict]:
    """The best KGMM score and the worst marginal of its model for every block."""
    rows = []
    usable = metrics[(metrics["status"] == "ok") & (metrics["method"] == "kgmm")]
    for block, group in usable.groupby("block", sort=False):
        errors = group[group["statistic"] == "score_error"]
        entropy = group[group["statistic"] == "relative_entropy"]
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
