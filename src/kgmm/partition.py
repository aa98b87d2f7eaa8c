"""Bisecting K-means: a binary tree of half-spaces whose leaves hold at most a given mass."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch

_LLOYD_ITERATIONS = 12
# Points a node needs no more of to place its two centres; the split itself always uses all of them.
_POINTS_PER_SPLIT = 20_000


@dataclass(frozen=True)
class Partition:
    """A binary tree that assigns a point to a cell by descent.

    At node ``k`` a point ``x`` goes to ``children[k, 1]`` if ``x·normals[k] > offsets[k]`` (it is nearer to the second
    of the two centres), else to ``children[k, 0]``. A leaf is its own child.

    Attributes
    ----------
    normals : ``(n_nodes, n_features)``; offsets : ``(n_nodes,)``; children : ``(n_nodes, 2)``.
    labels : ``(n_nodes,)``, the number of the cell of a leaf, −1 for inner nodes.
    depth : number of levels of the tree.
    """

    normals: torch.Tensor
    offsets: torch.Tensor
    children: torch.Tensor
    labels: torch.Tensor
    depth: int

    @property
    def n_cells(self) -> int:
        """Number of leaves."""
        return int((self.labels >= 0).sum())

    def to(self, dtype: torch.dtype) -> Partition:
        """The same tree with planes of another precision."""
        return replace(self, normals=self.normals.to(dtype), offsets=self.offsets.to(dtype))

    def assign(self, points: torch.Tensor) -> torch.Tensor:
        """Cell of each point, shape ``(n,)``; ``points`` has shape ``(n, n_features)``, same dtype as the tree."""
        flat_children = self.children.flatten()
        node = torch.zeros(points.shape[0], dtype=torch.int64, device=points.device)
        columns = [column.contiguous() for column in self.normals.T]
        coordinates = [column.contiguous() for column in points.T]
        for _ in range(self.depth):
            height = -self.offsets.index_select(0, node)
            for normal, coordinate in zip(columns, coordinates):
                height.addcmul_(normal.index_select(0, node), coordinate)
            node = flat_children.index_select(0, node.mul_(2).add_(height > 0))
        return self.labels.index_select(0, node)


def _segment_sums(values: torch.Tensor, node: torch.Tensor, n_nodes: int) -> torch.Tensor:
    """Sums of the rows of ``values`` by node, in float64, shape ``(n_nodes, n_columns)``."""
    return torch.stack([torch.bincount(node, weights=column, minlength=n_nodes) for column in values.T], dim=1)


def _two_means(points: torch.Tensor, node: torch.Tensor, n_nodes: int) -> tuple[torch.Tensor, torch.Tensor]:
    """2-means in every node at once; returns the two centres, each ``(n_nodes, n_features)``, float64.

    The start is deterministic: the node's mean, moved by one standard deviation along its widest coordinate.
    """
    count = torch.bincount(node, minlength=n_nodes).double().clamp_(min=1)[:, None]
    total = _segment_sums(points, node, n_nodes)
    mean = total / count
    variance = _segment_sums((points - mean[node]) ** 2, node, n_nodes) / count
    widest = variance.argmax(dim=1, keepdim=True)
    shift = torch.zeros_like(mean).scatter_(1, widest, variance.gather(1, widest).sqrt())
    first, second = mean - shift, mean + shift
    for _ in range(_LLOYD_ITERATIONS):
        side = _side(points, node, *_planes(first, second))
        right = node[side]
        right_count = torch.bincount(right, minlength=n_nodes).double()[:, None]
        right_sum = _segment_sums(points[side], right, n_nodes)
        empty = (right_count == 0) | (right_count == count)
        new_first = torch.where(empty, first, (total - right_sum) / (count - right_count))
        new_second = torch.where(empty, second, right_sum / right_count)
        moved = torch.maximum((new_first - first).abs().max(), (new_second - second).abs().max())
        first, second = new_first, new_second
        if moved <= 1e-3 * variance.max().sqrt():
            break
    return first, second


def _planes(first: torch.Tensor, second: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Normals and offsets of the planes half-way between two sets of centres."""
    normals = second - first
    return normals, 0.5 * ((second + first) * normals).sum(dim=1)


def _side(points: torch.Tensor, node: torch.Tensor, normals: torch.Tensor, offsets: torch.Tensor) -> torch.Tensor:
    height = -offsets[node]
    for column, coordinate in zip(normals.T, points.T):
        height.addcmul_(column[node], coordinate)
    return height > 0


def bisect(points: torch.Tensor, max_mass: float) -> Partition:
    """Splits ``points`` by 2-means until no cell holds more than ``max_mass`` of them.

    All nodes of a level are split together. A node of identical points cannot be split and stays a leaf.

    Parameters
    ----------
    points : ``(n, n_features)``; max_mass : largest share of the points in one cell (KGMM: ``2 p_min``).

    Source: the mass rule of arXiv:2503.18054, section 2; bisecting K-means as in arXiv:2412.03734.
    """
    n, n_features = points.shape
    points = points.double()
    limit = max_mass * n
    normals, offsets, children = [], [], []
    node = torch.zeros(n, dtype=torch.int64)  # open node of each point, numbered within the level
    first_id = 0
    open_nodes = 1
    level_points, depth = points, 0
    while True:
        # Every open node is either split or closed; closed ones point to themselves.
        count = torch.bincount(node, minlength=open_nodes)
        splits = count > limit
        level_normals = torch.zeros(open_nodes, n_features, dtype=torch.float64)
        level_offsets = torch.zeros(open_nodes, dtype=torch.float64)
        ids = torch.arange(first_id, first_id + open_nodes)
        level_children = torch.stack([ids, ids], dim=1)
        if splits.any():
            rank = torch.cumsum(splits, 0) - 1
            keep = splits[node]
            level_points, node = level_points[keep], rank[node[keep]]
            n_split = int(splits.sum())
            planes = _planes(*_two_means(*_thinned(level_points, node, n_split), n_split))
            side = _side(level_points, node, *planes)
            divided = _divided(node, side, n_split)
            level_normals[splits], level_offsets[splits] = planes[0], planes[1]
            # Nodes whose points cannot be told apart are closed: their planes would send all to one side.
            where = splits.nonzero()[:, 0]
            level_normals[where[~divided]] = 0.0
            new_rank = torch.cumsum(divided, 0) - 1
            first_child = first_id + open_nodes + 2 * new_rank[divided]
            level_children[where[divided]] = torch.stack([first_child, first_child + 1], dim=1)
            keep = divided[node]
            level_points, node = level_points[keep], 2 * new_rank[node[keep]] + side[keep]
        normals.append(level_normals)
        offsets.append(level_offsets)
        children.append(level_children)
        first_id += open_nodes
        open_nodes = 2 * int(divided.sum()) if splits.any() else 0
        if open_nodes == 0:
            break
        depth += 1
    children = torch.cat(children)
    is_leaf = children[:, 0] == torch.arange(first_id)
    labels = torch.where(is_leaf, torch.cumsum(is_leaf, 0) - 1, -1)
    return Partition(torch.cat(normals), torch.cat(offsets), children, labels, depth)


def _thinned(points: torch.Tensor, node: torch.Tensor, n_nodes: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Every k-th point, where k leaves about ``_POINTS_PER_SPLIT`` per node."""
    every = max(1, points.shape[0] // (n_nodes * _POINTS_PER_SPLIT))
    return points[::every], node[::every]


def _divided(node: torch.Tensor, side: torch.Tensor, n_nodes: int) -> torch.Tensor:
    """Nodes that have points on both sides of their plane, shape ``(n_nodes,)``, bool."""
    right = torch.bincount(node[side], minlength=n_nodes)
    return (right > 0) & (right < torch.bincount(node, minlength=n_nodes))
