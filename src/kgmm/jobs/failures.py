"""Failed results: files that stand in the place of a result and carry the reason."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from kgmm.errors import ScientificFailure


def refuse_failed_inputs(paths: Iterable[str | Path]) -> None:
    """Raises :class:`ScientificFailure` with the reason of the first input that is a failed result."""
    import netCDF4

    for path in paths:
        if not str(path).endswith(".nc"):
            continue
        with netCDF4.Dataset(path) as file:
            if getattr(file, "status", "ok") == "failed":
                raise ScientificFailure(file.reason)


def write_failed(path: Path, reason: str) -> None:
    """Writes a file that stands for a failed result and carries its reason."""
    import netCDF4

    with netCDF4.Dataset(path, "w", format="NETCDF4") as file:
        file.status = "failed"
        file.reason = reason


def failure_of(path: str | Path) -> str | None:
    """The reason in a failed result, or ``None``."""
    try:
        refuse_failed_inputs([path])
    except ScientificFailure as failure:
        return str(failure)
    return None
