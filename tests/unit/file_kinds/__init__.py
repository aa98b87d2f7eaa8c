"""Files as scientists have them, by kind.

A kind is a function that writes the file and says what is in it. The numbers are the same for all: a monthly or unit
series of 120 states. A module for each subject adds its kinds to ``KINDS``.
"""

from tests.unit.file_kinds import binary, dates, fields, labelled, prepared, text
from tests.unit.file_kinds.kind import KINDS

__all__ = ["KINDS", "binary", "dates", "fields", "labelled", "prepared", "text"]
