"""Numbers read off the curves of a run: a score against steps, a scar against presentations."""

import torch
from torch import Tensor

from memlab.absent import Absent
from memlab.metrics.measure import Group, Measure, asked, members
from memlab.session import Session
from memlab.substrate import Series

PLAIN = 2  # axes (R, S) of a series without cues
FEW = 8  # steps that a message still lists


def at_step(
    session: Session, *, arm: str, phase: str, series: str, step: int, group: Group | None = None
) -> Measure:
    """The value at exactly this step."""
    curve = _curve(session, arm, phase, series, group)
    if isinstance(curve, Absent):
        return curve
    at = (curve.steps == step).nonzero().flatten()
    if not len(at):
        return Absent(f"{series} was not measured at step {step} but at {_steps(curve)}")
    return _finite(curve.values[:, at[-1]], series)


def worst_at_step(session: Session, *, arm: str, phase: str, series: str, step: int) -> Measure:
    """The lowest value among all cues of a recall at exactly this step."""
    recall = asked(session, arm, phase)
    if isinstance(recall, Absent):
        return recall
    each = [
        at_step(session, arm=arm, phase=phase, series=series, step=step, group=item)
        for item in recall.items
    ]
    lacking = [value for value in each if isinstance(value, Absent)]
    found = [value for value in each if not isinstance(value, Absent)]
    return lacking[0] if lacking else torch.stack(found).amin(0)


def series_last(
    session: Session, *, arm: str, phase: str, series: str, group: Group | None = None
) -> Measure:
    """The last value."""
    curve = _curve(session, arm, phase, series, group)
    if isinstance(curve, Absent):
        return curve
    last = (~curve.values.isnan()).long().cumsum(1).argmax(1)
    return _finite(curve.values.gather(1, last[:, None])[:, 0], series)


def series_peak(
    session: Session, *, arm: str, phase: str, series: str, group: Group | None = None
) -> Measure:
    """The highest value."""
    curve = _curve(session, arm, phase, series, group)
    return curve if isinstance(curve, Absent) else _finite(_lowless(curve).amax(1), series)


def time_to_peak(
    session: Session, *, arm: str, phase: str, series: str = "pearson", group: Group | None = None
) -> Measure:
    """The step of the highest value."""
    curve = _curve(session, arm, phase, series, group)
    return curve if isinstance(curve, Absent) else curve.steps[_lowless(curve).argmax(1)].double()


def time_to_share(
    session: Session,
    *,
    arm: str,
    phase: str,
    series: str,
    share: float = 0.999,
    group: Group | None = None,
) -> Measure:
    """The first step at which this share of the last value is reached."""
    curve = _curve(session, arm, phase, series, group)
    last = series_last(session, arm=arm, phase=phase, series=series, group=group)
    if isinstance(curve, Absent):
        return curve
    if isinstance(last, Absent):
        return last
    if bool((last <= 0).any()):
        return Absent(f"{series} ended at 0")
    return curve.steps[(curve.values >= share * last[:, None]).long().argmax(1)].double()


def half_life(
    session: Session, *, arm: str, phase: str, series: str = "pearson", group: Group | None = None
) -> Measure:
    """Steps from the peak to the first value of half the peak or less."""
    curve = _curve(session, arm, phase, series, group)
    if isinstance(curve, Absent):
        return curve
    values = _lowless(curve)
    peak, at = values.max(1, keepdim=True)
    if bool((peak <= 0).any()):
        return Absent(f"{series} never rose above 0")
    later = torch.arange(values.shape[1]) > at
    fallen = later & (values <= peak / 2) & curve.values.isfinite()
    kept = int((~fallen.any(1)).sum())
    if kept:
        span = int(curve.steps[-1])
        return Absent(
            f"did not fall to half within {span} steps in {kept} of {len(peak)} replicates"
        )
    return (curve.steps[fallen.long().argmax(1)] - curve.steps[at[:, 0]]).double()


def curve_of(
    session: Session, arm: str, phase: str, series: str, group: Group | None = None
) -> Series | Absent:
    """A curve ``(R, S)`` of a recall, averaged over the cues of a group, or of a phase's writes.

    Writes are strung together, steps counting on from one to the next.
    """
    recall = asked(session, arm, phase)
    if isinstance(recall, Absent):
        return _of_writes(session, arm, phase, series, group)
    found = recall.series.get(series)
    if found is None:
        return Absent(f"no series {series!r} in {arm}/{phase}, only {sorted(recall.series)}")
    if found.values.ndim == PLAIN:
        return found
    at = list(range(len(recall.items))) if group is None else recall.of(members(session, group))
    if not at:
        return Absent(f"{group!r} was not asked for in {arm}/{phase}")
    return Series(found.steps, found.values[:, at].nanmean(1), found.unit)


def _of_writes(
    session: Session, arm: str, phase: str, series: str, group: Group | None
) -> Series | Absent:
    written = session.written(arm, phase)
    items = None if group is None else members(session, group)
    chosen = [e for e in written if items is None or e.item in items]
    found = [e.series[series] for e in chosen if series in e.series]
    if not written:
        return Absent(f"nothing happened in arm {arm!r}, phase {phase!r}")
    if not found:
        known = sorted({name for e in chosen for name in e.series})
        return Absent(f"the medium records no {series!r} in {arm}/{phase}, only {known}")
    steps, start = [], 0
    for one in found:
        steps.append(one.steps + start)
        start = int(steps[-1][-1]) + 1 if len(steps[-1]) else start
    values = torch.cat([one.values.reshape(one.values.shape[0], -1) for one in found], dim=1)
    return Series(torch.cat(steps), values, found[0].unit)


def _curve(
    session: Session, arm: str, phase: str, series: str, group: Group | None
) -> Series | Absent:
    curve = curve_of(session, arm, phase, series, group)
    if isinstance(curve, Series) and not bool(curve.values.isfinite().any(1).all()):
        return Absent(f"{series} of {arm}/{phase} holds no number in some replicates")
    return curve


def _lowless(curve: Series) -> Tensor:
    """The values ``(R, S)``, minus infinity where a replicate had stopped."""
    return curve.values.double().nan_to_num(nan=-torch.inf)


def _finite(values: Tensor, series: str) -> Measure:
    if bool(values.isfinite().all()):
        return values.double()
    return Absent(f"{series} had stopped in some replicates by then")


def _steps(curve: Series) -> str:
    known = [str(int(step)) for step in curve.steps]
    return ", ".join(known if len(known) <= FEW else [*known[:4], "…", *known[-3:]])
