"""The configuration that ``kgmm model`` runs, and ``kgmm init`` writes with comments."""

from __future__ import annotations

import argparse
import re
from pathlib import Path

import numpy as np

from kgmm.cli.reading import reading_options
from kgmm.data.datasets import Series, check_series, open_series
from kgmm.data.options import ReadingOptions
from kgmm.data.paths import states
from kgmm.results import FOLDERS_OF_ALL_RUNS
from kgmm.score.options import NoiseOptions
from kgmm.statistics.diagnosis import diagnose

_LONGEST_NAME = 60  # names of files are made from it
_SIGMA = NoiseOptions().sigma


def name_of(file: Path) -> str:
    """What a run of this file is called: its name in lower-case letters, digits and underscores."""
    name = re.sub(r"[^a-z0-9]+", "_", Path(file).stem.lower()).strip("_")[:_LONGEST_NAME].strip("_") or "series"
    return f"{name}_series" if name in FOLDERS_OF_ALL_RUNS else name


def configuration(arguments: argparse.Namespace, series: Series | None = None) -> dict:
    """The contents of a configuration for the model of a file.

    Parameters
    ----------
    arguments : argparse.Namespace
        ``file``, ``variables``, ``sigma``, ``seed`` and the reading options.
    series : Series, optional
        That of the file, where it has been opened and checked already.

    Returns
    -------
    dict

    Raises
    ------
    ValueError
        In one sentence, if file or options cannot be used.
    """
    options = reading_options(arguments)
    if series is None:
        series = open_series(arguments.file, arguments.variables, options)
        check_series(series)
    name = name_of(arguments.file)
    system = {"kind": "dataset", "name": name, "path": str(arguments.file)}
    if arguments.variables:
        system["variables"] = list(arguments.variables)
    defaults = ReadingOptions()
    system |= {key: value for key, value in options.model_dump().items() if value != getattr(defaults, key)}
    sigma = arguments.sigma if arguments.sigma is not None else amplitude(states(series.in_one_member()))
    return {
        "name": name.replace("_", "-"),
        "title": f"A stochastic model of {Path(arguments.file).name}",
        "seed": arguments.seed,
        "experiments": [
            {
                "name": name,
                "title": Path(arguments.file).name,
                "system": system,
                "estimator": {"method": "stable", "sigma": sigma},
                "mobility": {"method": "choose"},
                "langevin": {
                    "n_members": 1000, "n_times": 20, "burn_in": 5.0, "path_members": 64, "path_length": 25.0,
                },
            }
        ],
    }  # fmt: skip


def amplitude(X: np.ndarray) -> float:
    """The noise amplitude for samples: 0.05, or their resolution where that is coarser, in standard deviations.

    Examples
    --------
    >>> x = np.random.default_rng(0).standard_normal((5000, 1))
    >>> amplitude(x), amplitude(x.round())
    (0.05, 1.0)
    """
    steps = [_SIGMA]
    columns = {str(k): x for k, x in enumerate(X.T)}
    for finding in diagnose(X, _SIGMA, list(columns)):
        if finding.kind == "resolution":
            x = columns[finding.variable]
            steps.append(float(np.median(np.diff(np.unique(x))) / x.std()))
    return float(f"{max(steps):.1g}")


_COMMENTS = {
    "name": "results go to results/<name>/",
    "seed": "of all random numbers",
    "system": "the file; more keys in config/README.md",
    "estimator": "the score at noise amplitude σ, in standard deviations of the data; method: kgmm is the paper's",
    "mobility": "choose: constant, a circulation that depends on the state, or hidden variables, by simulations",
    "langevin": "the sample of the model; times are in units of its relaxation",
}


def commented_configuration(arguments: argparse.Namespace) -> str:
    """:func:`configuration` as YAML, with comments."""
    import yaml

    text = yaml.safe_dump(configuration(arguments), sort_keys=False, allow_unicode=True, default_flow_style=False)
    lines = [
        f"# A stochastic model of {arguments.file}, as `kgmm model` makes it. Run it by",
        "#     snakemake --configfile config/mine.yaml",
    ]
    for line in text.splitlines():
        key = line.strip().removeprefix("- ").split(":")[0]
        comment = _COMMENTS.get(key)
        is_own = comment is not None and not (key == "name" and line.startswith(" "))
        lines.append(f"{line}  # {comment}" if is_own else line)
    return "\n".join(lines) + "\n"
