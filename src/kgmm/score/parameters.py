"""What all estimators share: their parameters by name, as scikit-learn's conventions ask for."""

from __future__ import annotations

import inspect


class WithParameters:
    """An estimator whose ``__init__`` stores each argument under its own name."""

    def get_params(self, deep: bool = True) -> dict:
        """The parameters by name."""
        return {name: getattr(self, name) for name in inspect.signature(type(self)).parameters}

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{k}={v!r}' for k, v in self.get_params().items())})"
