"""A multilayer perceptron with SiLU hidden layers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch.nn import functional


@dataclass(frozen=True)
class Network:
    """``f(x) = W_k silu(… silu(W_1 x + b_1) …) + b_k``.

    ``layers`` holds the pairs ``(W, b)`` of shapes ``(n_out, n_in)`` and ``(n_out,)``.
    """

    layers: tuple[tuple[torch.Tensor, torch.Tensor], ...]

    @classmethod
    def random(cls, sizes: Sequence[int], seed: int) -> Network:
        """Weights uniform in ``±1/√n_in`` (LeCun et al. 1998, as torch's linear layers), float32."""
        generator = torch.Generator().manual_seed(seed)
        layers = []
        for n_in, n_out in pairwise(sizes):
            bound = n_in**-0.5
            weight = torch.empty(n_out, n_in).uniform_(-bound, bound, generator=generator)
            bias = torch.empty(n_out).uniform_(-bound, bound, generator=generator)
            layers.append((weight, bias))
        return cls(tuple(layers))

    def __call__(self, x: torch.Tensor) -> torch.Tensor:
        """Values at ``x`` of shape ``(n, n_in)``, shape ``(n, n_out)``."""
        *hidden, (weight, bias) = self.layers
        for w, b in hidden:
            # In place: the product is this function's own, and a second buffer would halve the cache.
            x = functional.silu(torch.addmm(b, x, w.T), inplace=not torch.is_grad_enabled())
        return torch.addmm(bias, x, weight.T)

    @property
    def parameters(self) -> torch.Tensor:
        """All weights and biases in one vector."""
        return torch.cat([part.flatten() for layer in self.layers for part in layer])

    def with_parameters(self, parameters: torch.Tensor) -> Network:
        """The network of the same shape whose weights and biases are views of ``parameters``."""
        layers, start = [], 0
        for weight, bias in self.layers:
            middle, stop = start + weight.numel(), start + weight.numel() + bias.numel()
            layers.append((parameters[start:middle].view(weight.shape), parameters[middle:stop]))
            start = stop
        return type(self)(tuple(layers))

    def to_variables(self) -> dict:
        """Variables of an xarray dataset from which :meth:`from_dataset` reads the same object."""
        variables = {}
        for k, (weight, bias) in enumerate(self.layers):
            variables[f"weight_{k}"] = ((f"layer_{k + 1}", f"layer_{k}"), weight.cpu().numpy())
            variables[f"bias_{k}"] = (f"layer_{k + 1}", bias.cpu().numpy())
        return variables

    @classmethod
    def from_dataset(cls, dataset) -> Network:
        """From a dataset that holds :meth:`to_variables`; ``ValueError`` if its layers do not fit together."""
        n_layers = sum(str(name).startswith("weight_") for name in dataset.variables)
        layers = tuple(
            tuple(torch.from_numpy(dataset[f"{name}_{k}"].values).float() for name in ("weight", "bias"))
            for k in range(n_layers)
        )
        if not layers:
            raise ValueError("the network has no layers")
        for k, (weight, bias) in enumerate(layers):
            n_in = weight.shape[-1] if k == 0 else layers[k - 1][1].numel()
            if not (weight.isfinite().all() and bias.isfinite().all()):
                raise ValueError(f"layer {k} of the network holds numbers that single precision cannot")
            if weight.ndim != 2 or bias.shape != weight.shape[:1] or weight.shape[1] != n_in:
                raise ValueError(f"layer {k} of the network has the shapes {list(weight.shape)} and {list(bias.shape)}")
        network = cls(layers)
        if layers[-1][1].numel() != network.n_outputs:
            raise ValueError(f"the network has {layers[-1][1].numel()} outputs: {network.n_outputs} are needed")
        return network

    @property
    def n_features(self) -> int:
        """Number of inputs."""
        return self.layers[0][0].shape[1]

    @property
    def n_outputs(self) -> int:
        """Number of outputs that a score of these inputs has."""
        return self.n_features

    def to(self, device: str | torch.device) -> Network:
        """The same network on another device."""
        return type(self)(tuple((weight.to(device), bias.to(device)) for weight, bias in self.layers))

    @property
    def hidden(self) -> tuple[int, ...]:
        """Widths of the hidden layers."""
        return tuple(weight.shape[0] for weight, _ in self.layers[:-1])
