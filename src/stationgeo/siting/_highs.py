"""HiGHS: the mixed-integer programme of maximal cover, solved with a start, a limit and a bound. The only importer."""

from __future__ import annotations

import math
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import highspy
import numpy as np

from stationgeo.errors import SitingError

if TYPE_CHECKING:
    from stationgeo.schema import IntArray
    from stationgeo.siting._model import Model

# The same input gives the same plan: one thread, one seed.
_OPTIONS = {"output_flag": False, "threads": 1, "random_seed": 0, "mip_rel_gap": 0.0}

# How long to sleep between two looks for an interrupt.
_LOOK_S = 0.1

_CHOSEN = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """What HiGHS found."""

    sites: IntArray
    """The best plan, as candidates of the model; the start where it found none."""
    bound: float
    """No plan covers more weight; infinite where it had not got that far."""
    finished: bool
    """False where the time ran out."""
    nodes: int
    """Nodes of its search tree."""


def prove(model: Model, *, n_sites: int, start: IntArray, time_limit_s: float, allowed: float) -> Proof:
    """Solve a maximal cover model by branch and cut.

    Parameters
    ----------
    model
        The model, with at least one class.
    n_sites
        How many candidates may be chosen.
    start
        A plan to start from.
    time_limit_s
        Seconds; the best plan and bound by then are returned.
    allowed
        Weight by which the plan may fall short of the bound.

    Returns
    -------
    Proof
        Plan and bound.

    Raises
    ------
    SitingError
        If HiGHS ends with anything but a proof or the time limit.

    Notes
    -----
    maximise sum w_k y_k subject to y_k <= sum of x_j over the candidates j of class k, sum x_j <= n_sites, x binary,
    0 <= y <= 1. The weights are scaled to a mean of 1, because HiGHS's tolerances are absolute.

    HiGHS runs in a thread of its own: there it can be interrupted, and its pool of threads, which it keeps per
    calling thread and refuses to resize, cannot clash with another use of HiGHS.

    References
    ----------
    Huangfu, Q., Hall, J. A. J. (2018). Parallelizing the dual revised simplex method. Mathematical Programming
    Computation 10, 119-142. doi:10.1007/s12532-017-0130-5
    """
    scale = model.n_classes / float(model.weight.sum())
    solver = _solver()
    for name, value in (*_OPTIONS.items(), ("time_limit", time_limit_s), ("mip_abs_gap", allowed * scale)):
        if solver.setOptionValue(name, value) != highspy.HighsStatus.kOk:
            raise SitingError(f"HiGHS refused its option {name} = {value!r}. Install highspy as pinned.")
    solver.passModel(_programme(model, n_sites, scale))
    values = np.zeros(model.n_candidates)
    values[start] = 1.0
    solver.setSolution(model.n_candidates, np.arange(model.n_candidates, dtype=np.int32), values)
    _run(solver)
    return _read(solver, model, start, scale)


def _solver() -> Any:  # noqa: ANN401 - highspy comes without complete types
    return highspy.Highs()  # type: ignore[no-untyped-call, unused-ignore]


def _programme(model: Model, n_sites: int, scale: float) -> Any:  # noqa: ANN401 - highspy comes without complete types
    candidates, classes, pairs = model.n_candidates, model.n_classes, model.class_candidate.size
    # Row k is y_k - sum x_j <= 0; the last row is sum x_j <= n_sites.
    length = np.diff(model.class_start) + 1
    row_start = np.append(0, np.cumsum(length))
    column = np.empty(pairs + classes, dtype=np.int64)
    factor = np.full(pairs + classes, -1.0)
    own = row_start[1:] - 1
    is_own = np.zeros(pairs + classes, dtype=np.bool_)
    is_own[own] = True
    column[is_own] = candidates + np.arange(classes)
    column[~is_own] = model.class_candidate
    factor[is_own] = 1.0
    programme = highspy.HighsLp()
    programme.sense_ = highspy.ObjSense.kMaximize
    programme.num_col_ = candidates + classes
    programme.num_row_ = classes + 1
    programme.col_cost_ = np.append(np.zeros(candidates), model.weight * scale)
    programme.col_lower_ = np.zeros(candidates + classes)
    programme.col_upper_ = np.ones(candidates + classes)
    programme.row_lower_ = np.full(classes + 1, -highspy.kHighsInf)
    programme.row_upper_ = np.append(np.zeros(classes), float(n_sites))
    kinds = highspy.HighsVarType
    programme.integrality_ = [kinds.kInteger] * candidates + [kinds.kContinuous] * classes
    programme.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    programme.a_matrix_.start_ = np.append(row_start, row_start[-1] + candidates).astype(np.int32)
    programme.a_matrix_.index_ = np.append(column, np.arange(candidates)).astype(np.int32)
    programme.a_matrix_.value_ = np.append(factor, np.ones(candidates))
    return programme


def _run(solver: Any) -> None:  # noqa: ANN401 - highspy comes without complete types
    stop = threading.Event()

    def interrupt(event: Any) -> None:  # noqa: ANN401 - highspy comes without complete types
        if stop.is_set():
            event.interrupt()

    for callback in (solver.cbSimplexInterrupt, solver.cbIpmInterrupt, solver.cbMipInterrupt):
        callback.subscribe(interrupt)
    worker = threading.Thread(target=solver.run, daemon=True)
    worker.start()
    try:
        while worker.is_alive():
            worker.join(_LOOK_S)
    finally:
        stop.set()
        worker.join()


def _read(solver: Any, model: Model, start: IntArray, scale: float) -> Proof:  # noqa: ANN401 - see above
    status = solver.getModelStatus()
    ended = {highspy.HighsModelStatus.kOptimal: True, highspy.HighsModelStatus.kTimeLimit: False}
    if status not in ended:
        raise SitingError(
            f"HiGHS ended with {solver.modelStatusToString(status)!r} instead of a plan or the time limit."
        )
    info = solver.getInfo()
    bound = float(info.mip_dual_bound) / scale
    sites = start
    if info.primal_solution_status == int(highspy.SolutionStatus.kSolutionStatusFeasible):
        values = np.asarray(solver.getSolution().col_value[: model.n_candidates])
        sites = np.flatnonzero(values > _CHOSEN).astype(np.int64)
    usable = math.isfinite(bound) and bound < highspy.kHighsInf / scale
    return Proof(
        sites=sites,
        bound=bound if usable else math.inf,
        finished=ended[status],
        nodes=int(info.mip_node_count),
    )
