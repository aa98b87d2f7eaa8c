"""Invariants of the bisecting K-means tree."""

import numpy as np
import pytest
import torch

from kgmm.score.partition import bisect


def points(law: str, n: int, d: int, seed: int = 0) -> torch.Tensor:
    rng = np.random.default_rng(seed)
    draw = {"normal": rng.standard_normal, "cauchy": rng.standard_cauchy, "uniform": rng.random}[law]
    return torch.tensor(draw((n, d)))


@pytest.mark.parametrize("d", range(1, 7))
@pytest.mark.parametrize("law", ["normal", "cauchy", "uniform"])
def test_no_cell_exceeds_the_mass_and_none_is_empty(law, d):
    x = points(law, 5000, d)
    tree = bisect(x, max_mass=0.02)
    counts = torch.bincount(tree.assign(x), minlength=tree.n_cells)
    assert counts.max() <= 0.02 * 5000
    assert counts.min() >= 1
    assert counts.numel() == tree.n_cells


def test_labels_number_the_leaves():
    tree = bisect(points("normal", 3000, 2), max_mass=0.01)
    is_leaf = (tree.children == torch.arange(len(tree.labels))[:, None]).all(dim=1)
    assert torch.equal(is_leaf, tree.labels >= 0)
    assert sorted(tree.labels[is_leaf].tolist()) == list(range(tree.n_cells))
    # A binary tree: one inner node fewer than leaves, and every node but the root is a child once.
    assert int((~is_leaf).sum()) == tree.n_cells - 1
    assert sorted(tree.children[~is_leaf].flatten().tolist()) == list(range(1, len(tree.labels)))


def test_assign_is_the_descent_to_the_nearer_centre():
    x = points("normal", 2000, 3)
    tree = bisect(x, max_mass=0.05)
    expected = []
    for point in x:
        node = 0
        while tree.labels[node] < 0:
            node = int(tree.children[node, int(point @ tree.normals[node] > tree.offsets[node])])
        expected.append(int(tree.labels[node]))
    assert tree.assign(x).tolist() == expected


def test_assign_treats_every_point_alone():
    x = points("normal", 2000, 2)
    tree = bisect(x, max_mass=0.05)
    order = torch.randperm(2000, generator=torch.Generator().manual_seed(1))
    assert torch.equal(tree.assign(x[order]), tree.assign(x)[order])


def test_first_split_is_that_of_two_means():
    x = torch.cat([points("normal", 500, 2) * 0.1 - 3, points("normal", 500, 2, seed=1) * 0.1 + 3])
    tree = bisect(x, max_mass=0.5)
    cell = tree.assign(x)
    assert tree.n_cells == 2
    assert (cell[:500] == cell[0]).all()
    assert (cell[500:] == 1 - cell[0]).all()
    # The plane lies half-way between the two means, at right angles to their difference.
    first, second = x[:500].mean(dim=0), x[500:].mean(dim=0)
    torch.testing.assert_close(tree.normals[0], second - first)
    torch.testing.assert_close(tree.offsets[0], (second - first) @ (second + first) / 2)


def test_number_of_cells_follows_the_published_range():
    tree = bisect(points("normal", 100_000, 2), max_mass=2 * 0.002)
    assert 0.6 < tree.n_cells * 0.002 < 0.85


def test_identical_points_are_one_cell():
    tree = bisect(torch.full((1000, 2), 0.7, dtype=torch.float64), max_mass=0.01)
    assert (tree.n_cells, tree.depth) == (1, 0)


def test_repeated_points_stay_together_and_the_rest_is_split():
    x = torch.cat([torch.zeros(900, 2, dtype=torch.float64), points("normal", 100, 2) + 10])
    tree = bisect(x, max_mass=0.01)
    cell = tree.assign(x)
    assert (cell[:900] == cell[0]).all()
    assert torch.bincount(cell[900:], minlength=tree.n_cells).max() <= 10


def test_large_mass_is_one_cell():
    x = points("normal", 100, 2)
    tree = bisect(x, max_mass=1.0)
    assert tree.n_cells == 1
    assert tree.assign(x).tolist() == [0] * 100


def test_single_precision_differs_only_at_the_planes():
    x = points("normal", 20_000, 3)
    tree = bisect(x, max_mass=0.01)
    single = tree.to(torch.float32).assign(x.float())
    assert (single != tree.assign(x)).double().mean() < 1e-3


def test_same_points_same_tree():
    first, second = (bisect(points("cauchy", 5000, 2), max_mass=0.01) for _ in range(2))
    assert torch.equal(first.normals, second.normals)
    assert torch.equal(first.children, second.children)
    other = bisect(points("cauchy", 5000, 2, seed=1), max_mass=0.01)
    assert not torch.equal(first.normals[:1], other.normals[:1])
