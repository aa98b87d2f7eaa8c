"""Claims: which rows they mean, how they are judged, and which of them make a run fail."""

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError

from kgmm.config.claims import Claim, Finding
from kgmm.report.claims import claim_groups, gauge_of, told_findings
from kgmm.tables.verification import judge, unmet

METRICS = pd.DataFrame(
    {
        "block": ["a", "a", "a", "b", "b"],
        "method": ["kgmm", "kgmm", "gmm", "kgmm", "kgmm"],
        "statistic": ["error", "error", "error", "error", "entropy"],
        "value": [1.0, 3.0, 40.0, np.nan, 0.5],
        "floor": [np.nan, np.nan, np.nan, np.nan, 0.2],
        "status": ["ok", "ok", "ok", "failed", "ok"],
    }
)
RACES = pd.DataFrame(
    {"block": ["r"], "baseline_seconds": [np.inf], "baseline_bound": [20.0], "seconds": [2.0], "status": ["ok"]}
)
KGMM = {"block": "a", "method": "kgmm"}


def judged(**claim):
    (row,) = judge([Claim(claim="a claim", **claim)], {"metrics": METRICS, "races": RACES})
    return row


@pytest.mark.parametrize(("reduce", "expected"), [("max", 3.0), ("min", 1.0), ("mean", 2.0), ("median", 2.0)])
def test_rows_become_one_number(reduce, expected):
    assert judged(where=KGMM, reduce=reduce, at_most=9.0)["measured"] == expected


@pytest.mark.parametrize(
    ("bar", "verdict"),
    [
        ({"at_most": 3.0}, "holds"),
        ({"at_most": 2.9}, "fails"),
        ({"at_least": 3.0}, "holds"),
        ({"at_least": 4.0}, "fails"),
        ({"at_least": 2.0, "at_most": 4.0}, "holds"),
        ({"at_least": 3.5, "at_most": 4.0}, "fails"),
        ({"at_least": 1.0, "at_most": 2.0}, "fails"),
    ],
)
def test_bars(bar, verdict):
    assert judged(where=KGMM, **bar)["verdict"] == verdict


def test_a_bar_of_two_sides_in_words():
    assert judged(where=KGMM, at_least=2.0, at_most=4.0)["bar"] == "2 … 4"


def test_ratio():
    row = judged(where={"method": "gmm"}, over={"where": KGMM}, at_least=10.0)
    assert row["measured"] == pytest.approx(40 / 3)


@pytest.mark.parametrize(
    ("where", "measured", "verdict"), [(KGMM, np.inf, "fails"), ({"block": "z"}, np.nan, "not measured")]
)
def test_a_ratio_over_zero(where, measured, verdict):
    zero = METRICS.iloc[[0]].assign(block="z", method="none", value=0.0)
    claim = Claim(claim="a claim", where=where, over={"where": {"block": "z"}}, at_most=1.0)
    (row,) = judge([claim], {"metrics": pd.concat([METRICS, zero]), "races": RACES})
    assert row["measured"] == pytest.approx(measured, nan_ok=True) and row["verdict"] == verdict


def test_the_floor_raises_the_bar():
    entropy = {"statistic": "entropy"}
    assert judged(where=entropy, at_most=0.1)["verdict"] == "fails"
    row = judged(where=entropy, at_most=0.1, floors=3.0)
    assert (row["bar"], row["verdict"]) == ("≤ 0.6", "holds")
    assert judged(where=entropy, at_most=0.1, floors=2.0)["verdict"] == "fails"
    assert judged(where=KGMM, at_most=4.0, floors=3.0)["bar"] == "≤ 4"  # no floor there


@pytest.mark.parametrize("where", [{"block": "c"}, {"block": "b", "statistic": "error"}])
def test_what_is_not_there_is_not_measured_and_counts(where):
    row = judged(where=where, at_most=1e9)
    assert row["verdict"] == "not measured"
    assert unmet([row]) == [row]


def test_a_baseline_that_never_gets_there_is_infinitely_slower():
    row = judged(
        table="races", where={"block": "r"}, column="baseline_seconds", at_least=5.0,
        over={"table": "races", "where": {"block": "r"}, "column": "seconds"}, counts=False,
    )  # fmt: skip
    assert (row["measured"], row["verdict"]) == (np.inf, "holds")
    (group,) = claim_groups(pd.DataFrame([row]))
    assert group["rows"][0]["measured"] == "∞" and group["rows"][0]["gauge"] is None


@pytest.mark.parametrize(("at_least", "verdict"), [(5.0, "holds"), (11.0, "fails")])
def test_a_bound_takes_the_place_of_what_never_got_there(at_least, verdict):
    row = judged(
        table="races", where={"block": "r"}, column="baseline_seconds", beyond="baseline_bound", at_least=at_least,
        over={"table": "races", "where": {"block": "r"}, "column": "seconds"},
    )  # fmt: skip
    assert (row["measured"], row["beyond"], row["verdict"]) == (10.0, True, verdict)
    (group,) = claim_groups(pd.DataFrame([row]))
    assert group["rows"][0]["measured"] == "> 10" and group["rows"][0]["gauge"]["measured"] > 0


def test_claims_stand_under_their_headings():
    rows = [
        judged(where=KGMM, at_most=bar, group=group) for bar, group in ((9.0, "Score"), (1.0, "Clock"), (2.0, "Score"))
    ]
    groups = claim_groups(pd.DataFrame(rows))
    assert [(group["name"], len(group["rows"]), group["n_holding"]) for group in groups] == [
        ("Score", 2, 1), ("Clock", 1, 0),
    ]  # fmt: skip


def test_the_range_is_that_of_the_rows():
    row = judged(where=KGMM, reduce="mean", at_most=4.0)
    assert (row["measured"], row["lowest"], row["highest"]) == (2.0, 1.0, 3.0)
    gauge = gauge_of(row)
    assert gauge["range"] == [pytest.approx(25 / 1.1, abs=0.1), pytest.approx(75 / 1.1, abs=0.1)]
    assert gauge["measured"] == pytest.approx(50 / 1.1, abs=0.1) and gauge["bars"] == [
        pytest.approx(100 / 1.1, abs=0.1)
    ]
    one = judged(where={"method": "gmm"}, at_least=50.0)
    assert gauge_of(one)["range"] is None and max(gauge_of(one)["bars"]) < 100


def test_findings_say_the_numbers_of_the_run():
    findings = (
        {
            "says": "KGMM {kgmm}, direct {gmm}.",
            "numbers": {"kgmm": {"where": KGMM}, "gmm": {"where": {"method": "gmm"}}},
        },
        {"says": "{ratio} times.", "numbers": {"ratio": {"where": {"method": "gmm"}, "over": {"where": KGMM}}}},
        {"says": "Of c: {none}.", "numbers": {"none": {"where": {"block": "c"}}}, "limit": True},
    )
    told = told_findings(findings, {"metrics": METRICS, "races": RACES})
    assert told == {"results": ["KGMM 3, direct 40.", "13 times."], "limits": ["Of c: (not measured)."]}


def test_a_finding_names_its_numbers():
    with pytest.raises(ValidationError, match="must name the same: other, value"):
        Finding(says="It is {value}.", numbers={"other": {"where": KGMM}})


def test_claims_about_time_do_not_count():
    missed = judged(where=KGMM, at_most=0.0, counts=False)
    assert missed["verdict"] == "fails" and unmet([missed]) == []


@pytest.mark.parametrize(
    "claim",
    [
        {"where": KGMM},
        {"where": KGMM, "at_most": 1.0, "at_least": 2.0},
        {"where": KGMM, "at_least": 1.0, "floors": 3.0},
        {"where": {}, "at_most": 1.0},
        {"where": KGMM, "at_most": 1.0, "unknown": 1},
    ],
)
def test_unusable_claims_are_refused(claim):
    with pytest.raises(ValidationError):
        Claim(claim="a claim", **claim)
