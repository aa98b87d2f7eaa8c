"""Draws the pictures of one job."""

from __future__ import annotations

from collections.abc import Iterable

from kgmm.figures.drawing import draw_picture
from kgmm.jobs.costs import CostMeter
from kgmm.jobs.damage import checked
from kgmm.jobs.run import recorded
from kgmm.results import Picture


def draw_pictures(pictures: Iterable[Picture], threads: int = 1) -> None:
    """Draws pictures one after the other, each with a log and a record of its costs; the first bears the start's.

    Raises
    ------
    DamagedResult
        If a result is not as it was written, see :func:`kgmm.jobs.damage.checked`.
    """
    costs = CostMeter()
    for picture in pictures:
        record = recorded(picture.record, picture.log, picture.rule, picture.name, threads, costs)
        with record as facts, checked(picture.sources, picture.files):
            facts |= draw_picture(picture.kind, picture.name, picture.sources, *picture.files)
