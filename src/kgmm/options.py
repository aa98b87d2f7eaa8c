"""Options of a component, each in one class: default, bounds and description of every field.

Python signatures take their defaults from these classes and validate through :meth:`Options.checked`; the sections of a
configuration derive from them. Nothing here, nor in the modules of options, imports torch or scikit-learn.
"""

from __future__ import annotations

from difflib import get_close_matches
from reprlib import Repr
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

# How values are told that may be of any size: nested anchors of YAML make millions of entries of a few lines.
_SHORT = Repr()
_SHORT.maxstring = _SHORT.maxother = _SHORT.maxlong = 120
_SHORT.maxlist = _SHORT.maxtuple = _SHORT.maxset = _SHORT.maxdict = 6
_SHORT.maxlevel = 2
PositiveFloat = Annotated[float, Field(gt=0)]
PositiveInt = Annotated[int, Field(ge=1)]


class Options(BaseModel):
    """Strict and immutable: unknown names and wrong types are refused, nothing is converted."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, validate_default=True, allow_inf_nan=False)

    @classmethod
    def checked(cls, **values) -> Self:
        """Options from the arguments of a Python function, whose numbers and lists may be NumPy's.

        Parameters
        ----------
        **values
            Fields by name; those left out have their defaults.

        Returns
        -------
        Options
            The options.

        Raises
        ------
        ValueError
            In one sentence that names the argument, its value and what is allowed; for every mistake.

        Examples
        --------
        >>> from kgmm.score.options import CellOptions
        >>> CellOptions.checked(sigma=0.1).max_draws
        64
        >>> CellOptions.checked(sigma=-1.0)
        Traceback (most recent call last):
        ValueError: sigma is -1.0: input should be greater than 0
        """
        try:
            return cls.model_validate({name: _plain(value) for name, value in values.items()})
        except ValidationError as error:
            # Of a field that can be of several types, the first mistake; of all fields.
            first = {str(each["loc"][:1]): each for each in reversed(error.errors())}
            sentences = [sentence(each, known=list(cls.model_fields)) for each in reversed(first.values())]
            raise ValueError("; ".join(sentences)) from None

    @classmethod
    def description(cls, name: str) -> str:
        """The description of a field."""
        return cls.model_fields[name].description


def _plain(value):
    """A value as a configuration file would have it: NumPy's scalars and arrays as numbers and lists."""
    if hasattr(value, "tolist"):
        value = value.tolist()
    return [_plain(entry) for entry in value] if isinstance(value, (list, tuple)) else value


def sentence(error: dict, where: str = "", known: list[str] | None = None) -> str:
    """One sentence for an error that pydantic found: the name, the value and what is allowed.

    Parameters
    ----------
    error
        An entry of pydantic's ``ValidationError.errors()``.
    where
        What the place of the error is relative to, such as the name of a section.
    known
        Names that are known beside one that is not.

    Returns
    -------
    str
        The sentence, without a full stop.
    """
    name = ".".join(str(part) for part in (where, *error["loc"]) if part != "")
    if error["type"] == "value_error":
        return f"{name}: {error['ctx']['error']}" if name else str(error["ctx"]["error"])
    if error["type"] == "extra_forbidden":
        close = get_close_matches(str(error["loc"][-1]), known or [], n=1)
        hint = f"; did you mean {close[0]!r}?" if close else ""
        return f"{name} is an unknown key: known here are {', '.join(known or [])}{hint}"
    if error["type"] == "missing":
        return f"{name} is missing"
    allowed = error["msg"][0].lower() + error["msg"][1:]
    return f"{name} is {_SHORT.repr(error.get('input'))}: {allowed}"
