"""Gaps, and what is made of a series before it is used."""

from __future__ import annotations

import numpy as np

from tests.unit.file_kinds.kind import MONTH, MONTHS, Kind, N, X, kind, rows


def with_gap() -> str:
    lines = rows().splitlines(keepends=True)
    return "time,u,v\n" + "".join(lines[:60] + lines[62:])


@kind("gap.csv")
def _(folder):
    return Kind(with_gap(), refused="--gaps interpolate or --gaps segments")


@kind("gap-interpolated.csv")
def _(folder):
    values = X.copy()
    values[60:62] = X[59] + np.array([[1 / 3], [2 / 3]]) * (X[62] - X[59])
    return Kind(with_gap(), values=values, options={"gaps": "interpolate"})


@kind("gap-too-long.csv")
def _(folder):
    return Kind(with_gap(), options={"gaps": "interpolate", "max_gap": 1}, refused="--max-gap is 1: give a larger one")


@kind("missing-months.csv")
def _(folder):
    values = X.copy()
    values[50] = 0.5 * (X[49] + X[51])
    kept = np.delete(np.arange(N), 50)
    text = "time,u,v\n" + rows(times=MONTHS[kept].strftime("%Y-%m-%d"), columns=X[kept])
    return Kind(text, MONTH, values=values, options={"gaps": "interpolate"})


@kind("no-multiples.csv")
def _(folder):
    times = np.cumsum(0.5 + np.random.default_rng(0).random(N))
    return Kind("time,u,v\n" + rows(times=times), options={"gaps": "segments"}, refused="give --resample")


@kind("resampled.csv")
def _(folder):
    times = np.arange(N) + np.where(np.arange(N) % 2, 0.5, 0.0)
    expected = np.stack([np.interp(np.arange(N), times, column) for column in X.T], axis=1)
    text = "time,u,v\n" + rows(times=times)
    return Kind(text, values=expected, options={"resample": 1.0})


@kind("anomalies.csv")
def _(folder):
    season = 5 * np.sin(2 * np.pi * np.arange(N) / 12)[:, None]
    means = np.stack([X[m::12].mean(axis=0) for m in range(12)])
    text = "time,u,v\n" + rows(times=MONTHS.strftime("%Y-%m"), columns=X + season)
    return Kind(text, MONTH, values=X - means[np.arange(N) % 12], options={"anomalies": "monthly"})


@kind("standardised.csv")
def _(folder):
    values = (X - X.mean(axis=0)) / X.std(axis=0)
    return Kind("time,u,v\n" + rows(), values=values, options={"standardise": True})


@kind("embedded.csv")
def _(folder):
    values = np.concatenate([X[1:], X[:-1]], axis=1)
    return Kind("time,u,v\n" + rows(), 1.0, ["u", "v", "u_lag1", "v_lag1"], values, {"lag_embed": 2})


@kind("derivative.csv")
def _(folder):
    values = np.concatenate([X[1:-1], 0.5 * (X[2:] - X[:-2])], axis=1)
    return Kind("time,u,v\n" + rows(), 1.0, ["u", "v", "du/dt", "dv/dt"], values, {"derivative": True})
