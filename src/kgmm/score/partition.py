"""Bisecting K-means: a binary tree of half-spaces whose leaves hold at most a given mass."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch

_LLOYD_ITERATIONS = 10
# Centres that move by less than this share of their node's size are at rest.
_TOLERANCE = 0.01
# Points a node needs no more of to place its two centres; the split itself always uses all of them.
_POINTS_PER_SPLIT = 4_000


@dataclass(frozen=True)
class Partition:
    """A binary tree that assigns a point to a cell by descent.

    At node ``k`` a point ``x`` goes to ``children[k, 1]`` if ``x·normals[k] > offsets[k]`` (it is nearer to the second
    of the two centres), else to ``children[k, 0]``. A leaf is its own child.

    Attributes
    ----------
    normals
        ``(n_nodes, n_features)``.
    offsets
        ``(n_nodes,)``.
    children
        ``(n_nodes, 2)``.
    labels
        ``(n_nodes,)``, the number of the cell of a leaf, −1 for inner nodes.
    depth
        Number of levels of the tree.
    """

    normals: torch.Tensor
    offsets: torch.Tensor
    children: torch.Tensor
    labels: torch.Tensor
    depth: int

    def __post_init__(self):
        n_nodes = self.labels.numel()
        shapes = (self.normals.shape[:1], self.offsets.shape, self.children.shape[:1], self.labels.shape)
        if self.normals.ndim != 2 or self.children.shape[1:] != (2,) or any(tuple(s) != (n_nodes,) for s in shapes):
            raise ValueError(f"the tree of cells has arrays that do not fit together: {[list(s) for s in shapes]}")
        if not n_nodes or self.children.min() < 0 or self.children.max() >= n_nodes:
            raise ValueError(f"the tree of {n_nodes} nodes has children that are none of them")
        cells = self.labels[self.labels >= 0].sort().values
        if self.labels.min() < -1 or not cells.equal(torch.arange(cells.numel(), dtype=cells.dtype)):
            raise ValueError("the leaves of the tree are not numbered from 0 on")
        if not 0 <= self.depth <= n_nodes:
            raise ValueError(f"the depth of the tree is {self.depth}: it must be from 0 to {n_nodes}, its nodes")

    @property
    def n_cells(self) -> int:
        """Number of leaves."""
        return int((self.labels >= 0).sum())

    def to(self, dtype: torch.dtype, device: str = "cpu") -> Partition:
        """The same tree with planes of another precision, on another device."""
        planes = {"normals": self.normals.to(device, dtype), "offsets": self.offsets.to(device, dtype)}
        return replace(self, **planes, children=self.children.to(device), labels=self.labels.to(device))

    def equals(self, other: Partition) -> bool:
        """Whether both divide space in the same way."""
        pairs = zip((self.normals, self.offsets, self.children), (other.normals, other.offsets, other.children))
        return all(torch.equal(a, b) for a, b in pairs)

    def assign(self, points: torch.Tensor) -> torch.Tensor:
        """Cell of each point, shape ``(n,)``, int32; ``points`` is ``(n, n_features)`` of the dtype of the tree."""
        # Small indices and one gather per number: memory traffic is what a descent costs.
        children, labels = (t.to(torch.int32) for t in (self.children.flatten(), self.labels))
        heights = -self.offsets
        node = torch.zeros(points.shape[0], dtype=torch.int32, device=points.device)
        columns = [column.contiguous() for column in self.normals.T]
        coordinates = [column.contiguous() for column in points.T]
        for _ in range(self.depth):
            height = heights.index_select(0, node)
            for normal, coordinate in zip(columns, coordinates):
                height.addcmul_(normal.index_select(0, node), coordinate)
            node = children.index_select(0, node.mul_(2).add_(height > 0))
        return labels.index_select(0, node)


@dataclass
class _Nodes:
    """Points of the nodes of one level, sorted by node.

    Every sum over a node is then one over a contiguous piece, which is an order of magnitude faster than scattering.

    Attributes
    ----------
    columns
        Coordinates of the points, one contiguous array each.
    counts
        ``(n_nodes,)``, points per node.
    """

    columns: list[np.ndarray]
    counts: np.ndarray

    @property
    def starts(self) -> np.ndarray:
        return np.cumsum(self.counts) - self.counts

    def keep(self, chosen: np.ndarray) -> _Nodes:
        """The chosen nodes, ``(n_nodes,)`` bool."""
        if chosen.all():
            return self
        points = np.repeat(chosen, self.counts)
        return _Nodes([column[points] for column in self.columns], self.counts[chosen])

    def thinned(self, most: int) -> _Nodes:
        """About ``most`` points per node or a few more, at equal strides, at least a hundred of the smallest."""
        total = int(self.counts.sum())
        every = max(1, min(total // (self.counts.size * most), int(self.counts.min()) // 100))
        if every == 1:
            return self
        edges = -(-np.append(self.starts, total) // every)
        return _Nodes([column[::every] for column in self.columns], np.diff(edges))

    def sums(self, values: np.ndarray) -> np.ndarray:
        """Sums of ``values``, one per point, over each node, float64."""
        return np.add.reduceat(values, self.starts, dtype=np.float64)

    def spread(self, values: np.ndarray) -> np.ndarray:
        """A value per node as one per point."""
        return np.repeat(values.astype(self.columns[0].dtype), self.counts)

    def side(self, normals: np.ndarray, offsets: np.ndarray) -> np.ndarray:
        """Whether each point lies beyond the plane of its node; ``normals`` is ``(n_features, n_nodes)``."""
        height = self.spread(-offsets)
        for column, normal in zip(self.columns, normals):
            height += self.spread(normal) * column
        return height > 0

    def divided(self, side: np.ndarray, right: np.ndarray) -> _Nodes:
        """The children: each node's points before its plane, then those beyond, of which there are ``right``."""
        beyond = np.cumsum(side)
        starts = self.starts
        rank = beyond - np.repeat(beyond[starts] - side[starts], self.counts)
        place = np.where(side, np.repeat(starts + self.counts - right - 1, self.counts) + rank,
                         np.arange(side.size) - rank)  # fmt: skip
        columns = []
        for column in self.columns:
            moved = np.empty_like(column)
            moved[place] = column
            columns.append(moved)
        return _Nodes(columns, np.stack([self.counts - right, right], axis=1).ravel())


def _two_means(nodes: _Nodes) -> tuple[np.ndarray, np.ndarray]:
    """2-means in every node at once; returns the two centres, each ``(n_features, n_nodes)``, float64.

    The start is deterministic: the node's mean, moved by one standard deviation along its widest coordinate.
    """
    counts = nodes.counts
    total = np.stack([nodes.sums(column) for column in nodes.columns])
    mean = total / counts
    deviations = [nodes.sums((c - nodes.spread(m)) ** 2) for c, m in zip(nodes.columns, mean)]
    variance = np.stack(deviations) / counts
    widest = variance.argmax(axis=0)[None]
    shift = np.zeros_like(mean)
    np.put_along_axis(shift, widest, np.sqrt(np.take_along_axis(variance, widest, axis=0)), axis=0)
    first, second = mean - shift, mean + shift
    tolerance = _TOLERANCE * np.sqrt(variance.sum(axis=0))
    for _ in range(_LLOYD_ITERATIONS):
        side = nodes.side(*_planes(first, second))
        right = nodes.sums(side)
        right_sum = np.stack([nodes.sums(np.where(side, column, 0)) for column in nodes.columns])
        empty = (right == 0) | (right == counts)
        new_first = np.where(empty, first, (total - right_sum) / np.maximum(counts - right, 1))
        new_second = np.where(empty, second, right_sum / np.maximum(right, 1))
        moved = np.maximum(np.abs(new_first - first), np.abs(new_second - second)).max(axis=0)
        first, second = new_first, new_second
        if (moved <= tolerance).all():
            break
    return first, second


def _planes(first: np.ndarray, second: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Normals and offsets of the planes half-way between two sets of centres."""
    normals = second - first
    return normals, 0.5 * ((second + first) * normals).sum(axis=0)


def bisect(points: torch.Tensor, max_mass: float) -> Partition:
    """Splits ``points`` by 2-means until no cell holds more than ``max_mass`` of them.

    All nodes of a level are split together. A node of identical points cannot be split and stays a leaf.

    Parameters
    ----------
    points
        ``(n, n_features)``.
    max_mass
        Largest share of the points in one cell (KGMM: ``2 p_min``).

    Source: the mass rule of arXiv:2503.18054, section 2; bisecting K-means as in arXiv:2412.03734.
    """
    n, n_features = points.shape
    limit = max_mass * n
    nodes = _Nodes([np.ascontiguousarray(column) for column in points.numpy().T], np.array([n]))
    normals, offsets, children = [], [], []
    first_id, depth = 0, 0
    while nodes.counts.size:
        # Every node of the level is either split or closed; closed ones point to themselves.
        n_nodes = nodes.counts.size
        ids = np.arange(first_id, first_id + n_nodes)
        level_children = np.stack([ids, ids], axis=1)
        level_normals, level_offsets = np.zeros((n_nodes, n_features)), np.zeros(n_nodes)
        splits = np.flatnonzero(nodes.counts > limit)
        nodes = nodes.keep(nodes.counts > limit)
        if splits.size:
            planes = _planes(*_two_means(nodes.thinned(_POINTS_PER_SPLIT)))
            side = nodes.side(*planes)
            right = nodes.sums(side).astype(int)
            # Nodes whose points cannot be told apart are closed: their planes would send all to one side.
            divided = (right > 0) & (right < nodes.counts)
            side, nodes = side[np.repeat(divided, nodes.counts)], nodes.keep(divided)
            splits = splits[divided]
            level_normals[splits], level_offsets[splits] = planes[0].T[divided], planes[1][divided]
            level_children[splits] = first_id + n_nodes + np.arange(2 * splits.size).reshape(-1, 2)
            if splits.size:
                nodes = nodes.divided(side, right[divided])
                depth += 1
        normals.append(level_normals)
        offsets.append(level_offsets)
        children.append(level_children)
        first_id += n_nodes
    children = np.concatenate(children)
    is_leaf = children[:, 0] == np.arange(first_id)
    labels = np.where(is_leaf, np.cumsum(is_leaf) - 1, -1)
    tables = (np.concatenate(normals), np.concatenate(offsets), children, labels)
    return Partition(*(torch.from_numpy(table) for table in tables), depth)
