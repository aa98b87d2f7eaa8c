"""How long a file of a classic NetCDF format must be: its library reads what is missing at the end as zeros."""

from __future__ import annotations

import math
import struct
from pathlib import Path
from typing import BinaryIO

# Bytes of counts and of offsets, by the version in the fourth byte.
_WIDTHS = {1: (4, 4), 2: (4, 8), 5: (8, 8)}
_UNSIGNED = {4: ">I", 8: ">Q"}
_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 4, 6: 8, 7: 1, 8: 2, 9: 4, 10: 8, 11: 8}
_ALIGNED = 4


def needed_bytes(path: str | Path) -> int:
    """Up to where the variables of a classic NetCDF file reach, as its header says; 0 for files of other formats.

    Parameters
    ----------
    path : str or Path

    Raises
    ------
    ValueError
        If the header itself is cut or damaged.

    References
    ----------
    https://docs.unidata.ucar.edu/nug/current/file_format_specifications.html
    """
    with open(path, "rb") as file:
        magic = file.read(4)
        if magic[:3] != b"CDF" or len(magic) < 4 or magic[3] not in _WIDTHS:
            return 0
        try:
            return _Header(file, *_WIDTHS[magic[3]]).end
        except (struct.error, KeyError, IndexError, OverflowError) as error:
            raise ValueError(f"the data file {path} cannot be read: its header is cut or damaged") from error


class _Header:
    """The header of an open file, after its magic number: ``end`` is the first byte after all variables."""

    def __init__(self, file: BinaryIO, count_width: int, offset_width: int):
        self._file, self._count_width, self._offset_width = file, count_width, offset_width
        n_records = self._number(count_width)
        if n_records == 2 ** (8 * count_width) - 1:  # still being written: as many as the file has room for
            n_records = 0
        self._number(4)
        lengths = [self._dimension() for _ in range(self._number(count_width))]
        self._attributes()
        self._number(4)
        variables = [self._variable(lengths) for _ in range(self._number(count_width))]
        of_records = [(begin, size) for begin, size, is_record in variables if is_record]
        # A single variable is not padded between its records.
        record = of_records[0][1] if len(of_records) == 1 else sum(map(_padded, (size for _, size in of_records)))
        ends = [begin + size for begin, size, is_record in variables if not is_record]
        if n_records:
            ends += [begin + (n_records - 1) * record + size for begin, size in of_records]
        self.end = max([file.tell(), *ends])

    def _number(self, width: int) -> int:
        return struct.unpack(_UNSIGNED[width], self._file.read(width))[0]

    def _skip(self, n_bytes: int) -> None:
        self._file.seek(_padded(n_bytes), 1)

    def _dimension(self) -> int:
        self._skip(self._number(self._count_width))
        return self._number(self._count_width)

    def _attributes(self) -> None:
        self._number(4)
        for _ in range(self._number(self._count_width)):
            self._skip(self._number(self._count_width))
            size = _SIZES[self._number(4)]
            self._skip(size * self._number(self._count_width))

    def _variable(self, lengths: list[int]) -> tuple[int, int, bool]:
        """Where a variable begins, its bytes (of one record where it has records), and whether it has."""
        self._skip(self._number(self._count_width))
        shape = [lengths[self._number(self._count_width)] for _ in range(self._number(self._count_width))]
        self._attributes()
        size = _SIZES[self._number(4)]
        self._number(self._count_width)  # its size again, which overflows for large variables
        begin = self._number(self._offset_width)
        is_record = bool(shape) and shape[0] == 0
        return begin, size * math.prod(shape[1:] if is_record else shape), is_record


def _padded(n_bytes: int) -> int:
    return -(-n_bytes // _ALIGNED) * _ALIGNED
