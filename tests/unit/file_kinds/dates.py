"""Dates and times as tables have them."""

from __future__ import annotations

import pandas as pd

from tests.unit.file_kinds.kind import DAYS, MONTH, MONTHS, Kind, N, X, kind, rows


@kind("iso.csv")
def _(folder):
    return Kind("date,u,v\n" + rows(times=DAYS.strftime("%Y-%m-%d")))


@kind("iso-zone.csv")
def _(folder):
    times = pd.date_range("2001-03-20", periods=N, freq="6h").strftime("%Y-%m-%dT%H:%M:%SZ")
    return Kind("time,u,v\n" + rows(times=times), 0.25)


@kind("year-month.csv")
def _(folder):
    return Kind("time,u,v\n" + rows(times=MONTHS.strftime("%Y-%m")), MONTH)


@kind("packed-days.csv")
def _(folder):
    return Kind("date,u,v\n" + rows(times=DAYS.strftime("%Y%m%d")))


@kind("packed-weeks.dat")
def _(folder):
    weeks = pd.date_range("1958-12-27", periods=N, freq="7D")
    return Kind("date u v\n" + rows(" ", times=weeks.strftime("%Y%m%d")), 7.0)


@kind("packed-months.csv")
def _(folder):
    return Kind("time,u,v\n" + rows(times=MONTHS.strftime("%Y%m")), MONTH)


@kind("year-month-day.csv")
def _(folder):
    return Kind("year,month,day,u,v\n" + rows(times=DAYS.strftime("%Y,%m,%d")))


@kind("day-of-year.csv")
def _(folder):
    return Kind("year,doy,u,v\n" + rows(times=DAYS.strftime("%Y,%j")))


@kind("table-of-months.dat")
def _(folder):
    text = "YEAR JAN FEB MAR APR MAY JUN JUL AUG SEP OCT NOV DEC\n"
    text += "".join(f"{1951 + k} " + " ".join(map(str, X[12 * k : 12 * k + 12, 0])) + "\n" for k in range(N // 12))
    return Kind(text, MONTH, ["table-of-months"], X[:, :1])


@kind("bare-table-of-months.txt")
def _(folder):
    text = "".join(f"{1951 + k} " + " ".join(map(str, X[12 * k : 12 * k + 12, 0])) + "\n" for k in range(N // 12))
    return Kind(text, MONTH, ["bare-table-of-months"], X[:, :1])


@kind("decimal-years.csv")
def _(folder):
    times = [f"{1871 + k / 12:.2f}" for k in range(N)]
    return Kind("time,u,v\n" + rows(times=times), 1 / 12)


@kind("trading-days.csv")
def _(folder):
    times = pd.bdate_range("2001-01-01", periods=N).strftime("%Y-%m-%d")
    return Kind("date,u,v\n" + rows(times=times), refused="--time-step to take them as equal")


@kind("trading-days-equal.csv")
def _(folder):
    times = pd.bdate_range("2001-01-01", periods=N).strftime("%Y-%m-%d")
    return Kind("date,u,v\n" + rows(times=times), options={"time_step": 1.0})


@kind("decreasing.csv")
def _(folder):
    return Kind("time,u,v\n" + rows(times=range(N, 0, -1)), refused="does not increase from index 0 to 1")
