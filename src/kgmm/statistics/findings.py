"""What a diagnosis finds, and how it is told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from kgmm.wording import shortened


@dataclass(frozen=True)
class Finding:
    """One thing that makes data hard.

    Attributes
    ----------
    kind : str
        ``"missing"``, ``"atom"``, ``"resolution"``, ``"tail"``, ``"edge"``, ``"circle"``, ``"blur"``, ``"collinear"``,
        ``"drift"``, ``"filled"``.
    variable : str
        Its name; several are joined by commas.
    said : str
        What was found, one clause with its numbers.
    remedy : str
        What to do, one clause.
    """

    kind: str
    variable: str
    said: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.said}: {self.remedy}"


def summaries(findings: Sequence[Finding]) -> list[str]:
    """One sentence for each kind of finding, with the variables for which it holds too."""
    return [f"{first}{_likewise(others)}" for first, *others in _by_kind(findings)]


def finding_rows(findings: Sequence[Finding]) -> list[dict[str, str]]:
    """The same as rows of a table, with the columns ``finding``, ``said`` and ``remedy``."""
    return [
        {"finding": first.kind, "said": f"{first.said}{_likewise(others)}", "remedy": first.remedy}
        for first, *others in _by_kind(findings)
    ]


def _by_kind(findings: Sequence[Finding]) -> list[list[Finding]]:
    kinds = dict.fromkeys(finding.kind for finding in findings)
    return [[finding for finding in findings if finding.kind == kind] for kind in kinds]


def _likewise(others: Sequence[Finding]) -> str:
    return f" (the same of {shortened([finding.variable for finding in others])})" if others else ""


def option(name: str, value: str) -> str:
    """Words for an option of the command line and of :func:`kgmm.read`."""
    key, _, text = value.partition("=")
    written = f'{{"{key}": "{text}"}}' if text else key
    return f"--{name} {value}, or {name}={written} in kgmm.read"
