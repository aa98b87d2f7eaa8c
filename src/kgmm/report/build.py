"""Assembles the report from the tables and figures of a run."""

from __future__ import annotations

import base64
import time
from importlib.resources import files
from pathlib import Path

import jinja2
import pandas as pd
from PIL import Image

from kgmm.report import model_tables, tables

_STAGES = (
    "simulate_trajectory", "simulate_shard", "merge_shards", "import_dataset", "describe_trajectory",
    "estimate_cells", "prepare_cells", "accumulate_moments", "gather_cells", "fit_score", "evaluate_score",
    "race_score", "sample_langevin", "compare_model", "estimate_mobility", "sample_fitted", "compare_fitted",
)  # fmt: skip


def build_report(
    *,
    title: str,
    run: str,
    seed: int,
    sections: list[dict],
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
        its figure, of its trajectory and of the fits of its networks, or ``None``.
    metrics, races, trajectories, costs, verification : the run's CSV tables; config : the resolved configuration.
    environment : versions, platform and commit.
    """
    all_metrics = pd.read_csv(metrics, keep_default_na=True)
    all_costs = pd.read_csv(costs)
    all_costs["stage"] = pd.Categorical(all_costs["stage"], _STAGES, ordered=True)
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
                "trajectory": _image(section["trajectory"]),
                "training": _image(section["training"]),
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
    loader = jinja2.FunctionLoader(lambda name: files("kgmm.report").joinpath(name).read_text())
    template = jinja2.Environment(loader=loader, autoescape=True, undefined=jinja2.StrictUndefined)
    template.filters["duration"] = duration
    return template.get_template("template.html").render(
        title=title,
        run=run,
        seed=seed,
        blocks=blocks,
        headline=_headline(all_metrics),
        claims=tables.claim_table(pd.read_csv(verification)),
        n_experiments=int(all_metrics.groupby(["block", "method", "sigma", "replicate"], dropna=False).ngroups),
        n_results=len(all_costs),
        n_failed=int((all_costs["status"] == "failed").sum()),
        costs=cost_rows,
        total={name: sum(row[name] for row in cost_rows) for name in ("jobs", "wall_s", "startup_s", "cpu_s")},
        peak_memory_mb=float(all_costs["peak_memory_mb"].max()),
        config=Path(config).read_text(),
        environment=environment,
        date=time.strftime("%Y-%m-%d %H:%M %Z"),
        style=files("kgmm.report").joinpath("style.css").read_text(),
    )


def _image(path: str | None) -> dict | None:
    """The picture as base64, the width at which it is as large as it was drawn, and the files beside it."""
    if path is None:
        return None
    with Image.open(path) as image:
        width = round(image.width * 96 / image.info.get("dpi", (96, 96))[0])
    return {
        "image": base64.b64encode(Path(path).read_bytes()).decode(),
        "width": width,
        "files": [str(Path(path).with_suffix(suffix)) for suffix in (".pdf", ".png", ".nc")],
    }


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
