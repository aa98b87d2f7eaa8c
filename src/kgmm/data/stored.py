"""Files of models and cells, which may be damaged or come from strangers: refused in one sentence, or as they were."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import xarray as xr

from kgmm.errors import first_line

_LONGEST = 300  # characters of a sentence
# What malformed contents raise on their way through the readers.
_MALFORMED = (KeyError, TypeError, AttributeError, IndexError, OverflowError, RuntimeError, AssertionError)


@contextmanager
def reading(what: str) -> Iterator[None]:
    """Errors of malformed contents as one sentence.

    Parameters
    ----------
    what
        What is read, for the sentence: "score model".

    Raises
    ------
    ValueError
        In place of whatever the contents raise.

    Examples
    --------
    >>> with reading("score model"):
    ...     {}["sigma"]
    Traceback (most recent call last):
    ValueError: this is no score model, or a damaged one: 'sigma'
    """
    try:
        yield
    except ValueError as error:
        raise ValueError(_first_line(error)) from error
    except _MALFORMED as error:
        raise ValueError(f"this is no {what}, or a damaged one: {_first_line(error)}") from error


def _first_line(error: Exception) -> str:
    """That of a missing key is the key, in quotes, and not the whole of a message in them; long ones are cut."""
    text = first_line(Exception(*error.args)) if isinstance(error, KeyError) else first_line(error)
    if len(text) > _LONGEST:  # it quotes what stands in the file
        text = f"{text[: _LONGEST // 2]} … {text[-_LONGEST // 4 :]}"
    return repr(text) if isinstance(error, KeyError) else text


def open_stored(file: str | Path, what: str, group: str | None = None) -> xr.Dataset:
    """A dataset in memory.

    Parameters
    ----------
    file
        A NetCDF file.
    what
        What it should hold, for the message.
    group
        Group of the file.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If it cannot be read.
    """
    if not Path(file).is_file():
        raise FileNotFoundError(f"{file} does not exist")
    try:
        with xr.open_dataset(file, group=group, engine="netcdf4") as dataset:
            return dataset.load()
    except (OSError, ValueError, RuntimeError, KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"{file} holds no {what}: {_first_line(error)}") from error


# Beyond it no amplitude or scale means anything, and squares overflow.
_LARGEST = 1e12


def finite_number(attributes: dict, name: str, *, at_least: float = -np.inf, above: float = -np.inf) -> float:
    """A number among attributes.

    Parameters
    ----------
    attributes
        Of a dataset.
    name
        Of the attribute.
    at_least, above
        Bounds.

    Raises
    ------
    KeyError
        If it is missing.
    ValueError
        If it is no number within the bounds, or larger than 1e12.

    Examples
    --------
    >>> finite_number({"sigma": 0.1}, "sigma", at_least=0.0)
    0.1
    """
    value = attributes[name]
    allowed = f"at least {at_least:g}" if np.isfinite(at_least) else f"above {above:g}" if np.isfinite(above) else ""
    try:
        number = float(value)
    except (TypeError, ValueError):
        raise ValueError(f"{name} is {value!r}: a number is needed") from None
    if not abs(number) < _LARGEST or number < at_least or number <= above:
        raise ValueError(f"{name} is {number}: a finite number {allowed}".rstrip() + " is needed")
    return number


def refuse_non_finite(arrays: dict[str, np.ndarray]) -> None:
    """Raises ``ValueError`` with the name of an array that holds NaN, infinity or no numbers."""
    for name, values in arrays.items():
        values = np.asarray(values)
        if values.dtype.kind not in "fiub" or not np.isfinite(values).all():
            raise ValueError(f"{name} holds values that are no finite numbers")
