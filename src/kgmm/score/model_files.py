"""A score model as a dataset: numbers and text only, nothing executable."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import xarray as xr

from kgmm.data.standardization import Standardization
from kgmm.data.stored import finite_number, open_stored, reading, refuse_non_finite
from kgmm.score.fit_record import History
from kgmm.score.gradient_network import GradientNetwork
from kgmm.score.network import Network
from kgmm.score.potentials import Potential
from kgmm.score.score_function import ScoreFunction

_FORMAT = "kgmm score model"
_VERSION = 1
_LOSSES = ("iteration", "loss", "validation_loss")
# Eigenvalues of the covariance of standardised data are not taken below 1e-6.
_LARGEST_PRECISION = 1e12


def dataset_of(model: ScoreFunction) -> xr.Dataset:
    """The dataset from which :func:`parts_of` reads the same model."""
    variables = model.standardization.to_variables() | model.network.to_variables()
    if model.precision is not None:
        variables["precision"] = (("variable", "other_variable"), model.precision)
    if model.history is not None:
        variables |= {name: ("evaluation", getattr(model.history, name)) for name in _LOSSES}
        variables["kept"] = ((), model.history.kept)
    attributes = {
        "format": _FORMAT,
        "version": _VERSION,
        "sigma": model.sigma,
        "residual_scale": model.residual_scale,
    }
    if isinstance(model.network, Network):
        attributes |= {"hidden": json.dumps(model.network.hidden), "activation": "silu"}
    if isinstance(model.network, GradientNetwork):
        attributes["gradient"] = "f is the gradient of the network's one output"
    pull = "x̃/(1 + sigma²)" if model.precision is None else "precision x̃"
    attributes["coordinates"] = (
        f"s(x) = [−{pull} + residual_scale f(x̃)]/scale with x̃ = (x − mean)/scale, f constant "
        "beyond the range of the data and 3 sigma"
    )
    if model.method != "network":
        attributes["method"] = model.method
    if model.error_estimate is not None:
        attributes["error_estimate"] = model.error_estimate
    return xr.Dataset(variables, attrs=attributes)


def parts_of(dataset: xr.Dataset) -> dict:
    """The fields of a model by name; ``ValueError`` if the dataset is something else."""
    attributes = dataset.attrs
    if attributes.get("format") != _FORMAT:
        raise ValueError(f"this is no score model: attribute 'format' is {attributes.get('format')!r}")
    if finite_number(attributes, "version") > _VERSION:
        raise ValueError(f"score model of version {attributes['version']}: this kgmm reads up to {_VERSION}")
    refuse_non_finite({str(name): values.values for name, values in dataset.items() if name not in _LOSSES})
    if attributes.get("activation", "silu") != "silu":
        raise ValueError(f"activation is {attributes['activation']!r}: 'silu' is the only one")
    history = None
    if "validation_loss" in dataset:
        history = History(*(dataset[name].values for name in _LOSSES), kept=int(dataset["kept"]))
    error = attributes.get("error_estimate")
    kind = Potential if "hidden" not in attributes else GradientNetwork if "gradient" in attributes else Network
    network, standardization = kind.from_dataset(dataset), Standardization.from_dataset(dataset)
    if network.n_features != standardization.scale.size:
        raise ValueError(
            f"the score has {network.n_features} variables and its standardisation {standardization.scale.size}"
        )
    d = network.n_features
    if "precision" in dataset:
        _refuse_precision(dataset["precision"].values, d)
    if kind is not Potential and list(network.hidden) != json.loads(attributes["hidden"]):
        raise ValueError(f"hidden is {attributes['hidden']}: the layers have the widths {list(network.hidden)}")
    return {
        "network": network,
        "residual_scale": finite_number(attributes, "residual_scale"),
        "sigma": finite_number(attributes, "sigma", at_least=0.0),
        "standardization": standardization,
        "history": history,
        "precision": dataset["precision"].values if "precision" in dataset else None,
        "error_estimate": None if error is None else float(error),
        "method": attributes.get("method", "network"),
    }


def _refuse_precision(precision: np.ndarray, d: int) -> None:
    if precision.shape != (d, d):
        raise ValueError(f"precision has shape {precision.shape}: {(d, d)} is expected")
    largest = float(np.abs(precision).max())
    if largest > _LARGEST_PRECISION:
        raise ValueError(f"precision holds {largest:.2g}: that of standardised data is below {_LARGEST_PRECISION:g}")


class StoredScore(ScoreFunction):
    """A score that is written and read."""

    def to_dataset(self) -> xr.Dataset:
        """The model as a dataset that :meth:`from_dataset` reads back; numbers and text only, nothing executable.

        Returns
        -------
        xarray.Dataset
            Parameters, standardisation, losses of the fit.
        """
        return dataset_of(self)

    @classmethod
    def from_dataset(cls, dataset: xr.Dataset) -> StoredScore:
        """A model from what :meth:`to_dataset` made.

        Parameters
        ----------
        dataset : xarray.Dataset
            Of this version or an earlier one.

        Returns
        -------
        ScoreModel
            The same function.

        Raises
        ------
        ValueError
            If the dataset is something else.
        """
        with reading("score model"):
            return cls(**parts_of(dataset))

    def save(self, path: str | Path) -> None:
        """Writes the model to one NetCDF file.

        Parameters
        ----------
        path : str or pathlib.Path
            The file, which is written over.
        """
        self.to_dataset().to_netcdf(path)

    @classmethod
    def load(cls, path: str | Path) -> StoredScore:
        """The model in a file that :meth:`save` wrote.

        Parameters
        ----------
        path : str or pathlib.Path
            The file.

        Returns
        -------
        ScoreModel
            The same function.

        Raises
        ------
        ValueError
            If the file holds something else.

        Examples
        --------
        >>> import tempfile
        >>> import numpy as np
        >>> import kgmm
        >>> score = kgmm.fit_score(np.random.default_rng(0).uniform(size=(2000, 1)), families=["polynomial"])
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     score.save(f"{folder}/score.nc")
        ...     again = kgmm.ScoreModel.load(f"{folder}/score.nc")
        >>> again.method == score.method
        True
        """
        return cls.from_dataset(open_stored(path, "score model"))
