"""Linear symmetries of a law: their group, averages over it, and the circulations that respect it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from kgmm.langevin.circulation import variable_pairs
from kgmm.langevin.polynomials import PolynomialBasis
from kgmm.langevin.radial import RadialBasis

_MAX_ELEMENTS = 1000


def generated_group(generators: Sequence[np.ndarray], n_features: int) -> np.ndarray:
    """All products of the generators, the identity first.

    Parameters
    ----------
    generators : sequence of array_like, each of shape (n_features, n_features)
        Signed permutations of the variables: the law of ``S x`` is that of ``x``.
    n_features : int

    Returns
    -------
    ndarray of shape (n_elements, n_features, n_features)

    Raises
    ------
    ValueError
        If a generator has another shape or is no signed permutation, or the group has more than 1000 elements.

    Examples
    --------
    >>> generated_group([np.diag([-1.0, -1.0, 1.0])], 3).shape
    (2, 3, 3)
    """
    generators = [np.asarray(g, dtype=float) for g in generators]
    for generator in generators:
        if generator.shape != (n_features, n_features):
            raise ValueError(f"a symmetry has shape {generator.shape}: {(n_features, n_features)} is expected")
        entries = np.abs(generator)
        if not (
            np.isin(generator, (-1.0, 0.0, 1.0)).all() and (entries.sum(0) == 1).all() and (entries.sum(1) == 1).all()
        ):
            raise ValueError("a symmetry must be a signed permutation: one entry of 1 or -1 in each row and column")
    elements = {np.eye(n_features).tobytes(): np.eye(n_features)}
    fresh = list(elements.values())
    while fresh:
        products = [g @ e for e in fresh for g in generators]
        fresh = []
        for product in products:
            product = product + 0.0  # no negative zeros: the bytes are the key
            if product.tobytes() not in elements:
                elements[product.tobytes()] = product
                fresh.append(product)
        if len(elements) > _MAX_ELEMENTS:
            raise ValueError(f"the symmetries generate more than {_MAX_ELEMENTS} elements")
    return np.array(list(elements.values()))


def symmetrized(matrices: np.ndarray, group: np.ndarray) -> np.ndarray:
    """Average of ``Sᵀ M S`` over the group, for matrices of shape ``(…, n_features, n_features)``."""
    return np.mean([s.T @ matrices @ s for s in group], axis=0)


def invariant_mean(mean: np.ndarray, group: np.ndarray) -> np.ndarray:
    """Average of ``S m`` over the group, shape ``(n_features,)``."""
    return (group @ mean).mean(axis=0)


def invariant_half_width(half_width: np.ndarray, group: np.ndarray) -> np.ndarray:
    """The largest of the half widths of the variables that the group maps onto each other, ``(n_features,)``."""
    return (np.abs(group) * half_width).max(axis=(0, 2))


def equivariant_coefficients(basis: PolynomialBasis | RadialBasis, group: np.ndarray) -> np.ndarray:
    """Orthonormal columns that span the coefficients of ``R(S x) = S R(x) Sᵀ`` for all ``S`` of the group.

    Parameters
    ----------
    basis : PolynomialBasis or RadialBasis
        One that the group maps onto itself.
    group : ndarray of shape (n_elements, n_features, n_features)
        Signed permutations.

    Returns
    -------
    ndarray of shape (n_pairs · n_terms, n_free)
        For coefficients in the order ``(pair, term)``.
    """
    pairs, size = variable_pairs(basis.n_features), basis.n_terms
    pair_index = {tuple(pair): p for p, pair in enumerate(pairs)}
    images, signs = [], []
    for element in group:
        # Row i of S has its entry at column source[i]: (S x)_i = sign[i] x_source[i].
        source, sign = np.abs(element).argmax(axis=1), element.sum(axis=1)
        target = np.argsort(source)
        # The field R(x) is mapped to S R(Sᵀ x) Sᵀ.
        moved_terms, term_signs = basis.image(source, sign)
        image, image_sign = np.empty((len(pairs), size), dtype=int), np.empty((len(pairs), size))
        for p, (a, b) in enumerate(pairs):
            i, j = target[a], target[b]
            swap = 1.0 if i < j else -1.0
            image[p] = pair_index[min(i, j), max(i, j)] * size + moved_terms
            image_sign[p] = swap * sign[i] * sign[j] * term_signs
        images.append(image.ravel())
        signs.append(image_sign.ravel())
    images, signs = np.array(images), np.array(signs)
    columns, seen = [], np.zeros(images.shape[1], dtype=bool)
    for k in range(images.shape[1]):
        if seen[k]:
            continue
        seen[images[:, k]] = True
        column = np.bincount(images[:, k], weights=signs[:, k], minlength=images.shape[1])
        norm = np.linalg.norm(column)
        if norm > 1e-9:
            columns.append(column / norm)
    return np.array(columns).T if columns else np.zeros((images.shape[1], 0))
