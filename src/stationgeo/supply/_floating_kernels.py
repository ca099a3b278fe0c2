"""Kernels of floating catchments: sums over the pairs of stations and cells, in the order of the pairs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from stationgeo._compile import kernel

if TYPE_CHECKING:
    from stationgeo.schema import FloatArray
    from stationgeo.supply._pairs import Codes

__all__ = ["balanced", "select", "two_steps"]


@kernel
def two_steps(
    station: Codes, cell: Codes, weight: FloatArray, demand: FloatArray, capacity: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Share each station's capacity over the demand that reaches it; add up per cell. Returns access and load."""
    load = np.zeros(capacity.size)
    p = 0
    # Rows of a station mostly follow each other: their sum stays in a register.
    while p < weight.size:
        j = station[p]
        total = 0.0
        while p < weight.size and station[p] == j:
            total += weight[p] * demand[cell[p]]
            p += 1
        load[j] += total
    ratio = np.zeros(capacity.size)
    for j in range(capacity.size):
        if load[j] > 0.0:
            ratio[j] = capacity[j] / load[j]
    access = np.zeros(demand.size)
    for p in range(weight.size):
        access[cell[p]] += weight[p] * ratio[station[p]]
    return access, load


@kernel
def select(
    station: Codes,
    cell: Codes,
    weight: FloatArray,
    attraction: FloatArray,
    n_cells: int,
    alike: bool,  # noqa: FBT001
) -> FloatArray:
    """Multiply each weight by the share of its cell that chooses the station, or only drop what attracts nobody."""
    chosen = np.empty(weight.size)
    if alike:
        for p in range(weight.size):
            chosen[p] = weight[p] if attraction[station[p]] > 0.0 else 0.0
        return chosen
    total = np.zeros(n_cells)
    for p in range(weight.size):
        total[cell[p]] += attraction[station[p]] * weight[p]
    for p in range(weight.size):
        drawn = attraction[station[p]] * weight[p]
        chosen[p] = drawn / total[cell[p]] * weight[p] if drawn > 0.0 else 0.0
    return chosen


@kernel
def balanced(
    station: Codes, cell: Codes, weight: FloatArray, demand: FloatArray, capacity: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Share demand out over stations and supply over cells, each by shares that add up to 1. Returns access, load."""
    of_cell, of_station = np.zeros(demand.size), np.zeros(capacity.size)
    for p in range(weight.size):
        if demand[cell[p]] > 0.0:
            of_cell[cell[p]] += weight[p]
            of_station[station[p]] += weight[p]
    load = np.zeros(capacity.size)
    for p in range(weight.size):
        if weight[p] > 0.0 and demand[cell[p]] > 0.0:
            load[station[p]] += weight[p] / of_cell[cell[p]] * demand[cell[p]]
    access = np.zeros(demand.size)
    for p in range(weight.size):
        j = station[p]
        if weight[p] > 0.0 and demand[cell[p]] > 0.0 and load[j] > 0.0:
            access[cell[p]] += weight[p] / of_station[j] * (capacity[j] / load[j])
    return access, load
