"""What the report's sweep explorer shows: every statistic of every sweep over its axes, as plain numbers."""

from __future__ import annotations

import numpy as np
import pandas as pd

from kgmm.config.axes import labels_of, shared_axis
from kgmm.report.explorer import plain_numbers
from kgmm.report.setting_table import failure_text, setting_columns, value_text
from kgmm.report.tables import STATISTIC_NAMES
from kgmm.results import BASELINES, Sweep
from kgmm.statistics.sweep_summary import MEAN, models_of

# More rows of a sweep than that would make the page heavy: statistics of single variables are left to ``sweep.csv``.
_MAX_ROWS = 40_000
_QUANTITIES = {"value": "value", "low": "interval_low", "high": "interval_high", "floor": "floor"}
_MODELS = {"": "", "identity": "Φ = I", "fitted": "fitted Φ"} | {name: f"{name} model" for name in BASELINES}


def sweep_entries(
    sweeps: list[Sweep], titles: dict[str, str], table: pd.DataFrame, replicates: dict[str, int]
) -> list[dict]:
    """One entry for each sweep: its axes, its settings, and arrays of each statistic over the settings.

    Parameters
    ----------
    sweeps
        Their blocks and the columns of their axes.
    titles
        Of the blocks.
    table
        The run's ``sweep.csv``.
    replicates
        Their number in each block.
    """
    entries = []
    for sweep in sweeps:
        own = table[table["block"] == sweep.block].reset_index(drop=True)
        axes, places = _axes(own, sweep)
        places, setting = np.unique(places, axis=0, return_inverse=True)
        setting = setting.ravel()
        n_failed = own.groupby(setting)["n_failed"].max().astype(int)
        n_replicates = replicates[sweep.block]
        entries.append(
            {
                "title": titles[sweep.block],
                "axes": axes,
                "settings": places.tolist(),
                "failed": [failure_text(count, n_replicates) if count else "" for count in n_failed],
                "replicates": n_replicates,
                "statistics": _statistics(own, setting, len(places)),
            }
        )
    return entries


def _axes(table: pd.DataFrame, sweep: Sweep) -> tuple[list[dict], np.ndarray]:
    """Axes with the texts and, where they are numbers, the numbers of their values; the place of every row on them."""
    groups = shared_axis(list(sweep.axes), sweep.mode)
    if "method" in setting_columns(table, sweep):
        groups = [["method"], *groups]
    labels = labels_of([column for columns in groups for column in columns])
    axes, places = [], []
    for columns in groups:
        keys = [tuple(None if value != value else value for value in row) for row in table[columns].to_numpy(object)]
        known = list(dict.fromkeys(keys))
        numeric = len(columns) == 1 and all(_is_number(value) for (value,) in known)
        # What is left to the data comes last, text in the order of the configuration.
        if len(columns) == 1 and all(value is None or _is_number(value) for (value,) in known):
            known.sort(key=lambda key: (key[0] is None, key[0] or 0))
        places.append([known.index(key) for key in keys])
        axes.append(
            {
                "label": " / ".join(labels[column] for column in columns),
                "values": [
                    " / ".join(value_text(column, value) for column, value in zip(columns, key)) for key in known
                ],
                "numbers": [float(value) for (value,) in known] if numeric else None,
                "problem": all(column in sweep.problems for column in columns),
            }
        )
    return axes, np.array(places).T


def _is_number(value) -> bool:
    return isinstance(value, (int, float, np.number)) and not isinstance(value, (bool, np.bool_))


def _statistics(table: pd.DataFrame, setting: np.ndarray, n_settings: int) -> list[dict]:
    """Values, intervals, floors and numbers of replicates; what no setting has is left out."""
    table = table.assign(variable=table["variable"].astype(object).fillna(""), model=models_of(table), setting=setting)
    table = table[table["value"].notna()].sort_values("n_replicates", ascending=False, kind="stable")
    if len(table) > _MAX_ROWS:
        table = table[table["variable"].isin(("", MEAN))]
    found = []
    for (name, variable, model), group in table.groupby(["statistic", "variable", "model"], sort=False):
        # Replicates of one setting may have been fitted by different methods: the one of most of them.
        group = group.drop_duplicates("setting").set_index("setting").reindex(range(n_settings))
        arrays = {key: plain_numbers(group[column]) for key, column in _QUANTITIES.items()}
        units = group["units"].dropna()
        unit = f" ({units.iloc[0]})" if len(units) and units.iloc[0] != "1" else ""
        found.append(
            {
                "name": STATISTIC_NAMES.get(name, name.replace("_", " ")),
                "of": ", ".join(text for text in (variable, _MODELS[model]) if text) or "–",
                "unit": unit,
                "at_equal_sigma": name == "denoising_loss",
                "n": [int(count) for count in group["n_replicates"].fillna(0)],
                **{key: array for key, array in arrays.items() if any(number is not None for number in array)},
            }
        )
    order = list(STATISTIC_NAMES.values())
    return sorted(
        found, key=lambda one: (order.index(one["name"]) if one["name"] in order else len(order), MEAN not in one["of"])
    )
