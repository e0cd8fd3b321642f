"""How many open cases lie in each hexagon (H3), and how many of them are overdue."""

from __future__ import annotations

from typing import Any

import h3.api.basic_int as h3
import numpy as np
from numpy.typing import NDArray

from yiwang.matters.picture.columns import FINEST
from yiwang.matters.picture.model import OVERDUE

COARSEST = 5  # hexagons of about 10 km edge
__all__ = ["COARSEST", "FINEST", "count_cells"]


def count_cells(
    cells: NDArray[np.uint64], flags: NDArray[np.int8], resolution: int
) -> dict[str, list[Any]]:
    """Counts by cell of `resolution` (COARSEST to FINEST), from the finest cell of each case.

    A case without a position (cell 0) is in none. `ring` is the hexagon as flat [lon, lat, …].
    """
    placed = cells != 0
    fine, at = np.unique(cells[placed], return_inverse=True)
    parents = np.array([h3.cell_to_parent(int(cell), resolution) for cell in fine], np.uint64)
    coarse, above = np.unique(parents, return_inverse=True)
    which = above[at]
    late = (flags[placed] & OVERDUE) != 0
    return {
        "cell": [h3.int_to_str(int(cell)) for cell in coarse],
        "count": np.bincount(which, minlength=len(coarse)).tolist(),
        "overdue": np.bincount(which[late], minlength=len(coarse)).tolist(),
        "ring": [_ring(int(cell)) for cell in coarse],
    }


def _ring(cell: int) -> list[float]:
    return [round(x, 6) for lat, lon in h3.cell_to_boundary(cell) for x in (lon, lat)]
