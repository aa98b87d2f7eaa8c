"""Reads the arrays of a MATLAB file in a process of its own: SciPy's reader can crash on a damaged one.

python -m kgmm.data.formats.mat_arrays FILE ARRAYS.npz
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

from kgmm.errors import first_line

_LONGEST = 600.0  # seconds


def mat_arrays(path: Path) -> dict[str, np.ndarray]:
    """The arrays of numbers in a MATLAB file before 7.3, by name; of all others blanks of the same shape.

    Raises
    ------
    ValueError
        In one sentence, if it cannot be read.
    """
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder, "arrays.npz")
        command = [sys.executable, "-m", "kgmm.data.formats.mat_arrays", str(path.resolve()), str(copy)]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=_LONGEST)
        except subprocess.TimeoutExpired:
            raise ValueError(f"the data file {path} cannot be read as MAT: its reader does not end") from None
        if done.returncode:
            lines = done.stderr.strip().splitlines()
            reason = lines[-1] if done.returncode > 0 and lines else "its reader crashed"
            raise ValueError(f"the data file {path} cannot be read as MAT: {reason}")
        with np.load(copy, allow_pickle=False) as arrays:
            return dict(arrays)


def main(path: str, copy: str) -> int:
    """Writes the arrays as NPZ; 1 after a sentence on standard error if they cannot be read."""
    from scipy.io import loadmat

    try:
        found = loadmat(path, struct_as_record=True)
    except Exception as error:  # a damaged file makes it raise nearly anything
        print(first_line(error), file=sys.stderr)
        return 1
    arrays = {name: np.asarray(value) for name, value in found.items() if not name.startswith("__")}
    # Text and structures are no numbers: their shapes are told, their contents are not needed.
    np.savez(copy, **{n: a if a.dtype.kind in "biufc" else np.zeros(a.shape, dtype="U1") for n, a in arrays.items()})
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
