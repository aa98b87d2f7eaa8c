"""Cells and columns of tables on the page: which of them are shown, and where a line may break."""

from __future__ import annotations

import re

from markupsafe import Markup, escape

_NOTHING = "–"
_RANGE = re.compile(r"\[[^\]]*\]")


def unbroken(value: object) -> str:
    """The text of a cell: a number stays on one line with its error, and a range by itself.

    Examples
    --------
    >>> unbroken("0.1 ± 0.02 → 3 [1, 2]") == "0.1\\u00a0±\\u00a00.02 → 3 [1,\\u00a02]"
    True
    """
    text = str(value).replace(" ± ", "\u00a0±\u00a0").replace("Φ ", "Φ\u00a0")
    return _RANGE.sub(lambda match: match.group().replace(" ", "\u00a0"), text)


def with_subscripts(label: str) -> Markup:
    """A heading with what stands behind an underscore as a subscript.

    Examples
    --------
    >>> print(with_subscripts("error against s_σ"))
    error against s<sub>σ</sub>
    """
    return Markup(re.sub(r"_(\w)\b", r"<sub>\1</sub>", str(escape(label))))


def filled(columns: list[tuple[str, str]], rows: list[dict]) -> list[tuple[str, str]]:
    """Those of the columns, pairs of heading and key, in which some row has something.

    Examples
    --------
    >>> filled([("a", "first"), ("b", "second")], [{"first": "–", "second": 1}])
    [('b', 'second')]
    """
    return [(heading, key) for heading, key in columns if any(row[key] != _NOTHING for row in rows)]


def merged(rows: list[dict], name: str = "mobility") -> list[dict]:
    """The rows, those that differ in nothing but a name in one: the law of a model may be the same for two mobilities.

    Examples
    --------
    >>> merged([{"mobility": "Φ = I", "value": 1}, {"mobility": "Φ slope", "value": 1}])
    [{'mobility': 'Φ = I, Φ slope', 'value': 1}]
    """
    found: dict[tuple, dict] = {}
    for row in rows:
        rest = tuple((key, value) for key, value in row.items() if key != name)
        if rest in found:
            found[rest][name] += f", {row[name]}"
        else:
            found[rest] = dict(row)
    return list(found.values())
