"""Recurrent cells that do tasks: gradients, regressions and protection are what they should be."""

from dataclasses import replace
from functools import partial

import pytest
import torch

from memlab import native
from memlab.cells import CELLS
from memlab.cells.cell import run
from memlab.cells.equations.hyper_amn import HyperAmn
from memlab.cells.equations.pmrc import Pmrc
from memlab.cells.following import Following
from memlab.cells.replicated import drawn
from memlab.cells.rivals.echo_state import EchoState
from memlab.draws import Draws
from memlab.patterns.streams import DelayedRecall, RepeatPrevious
from memlab.patterns.trials import SingleItem
from memlab.space import Cue, Item
from memlab.substrate import Meter
from memlab.substrates.recurrent import Recurrent

DRAWS = Draws(3, (0, 1))
STREAM = DelayedRecall(lags=(2,), steps=400, tested=100)
CHOICE = RepeatPrevious(symbols=3, back=2, steps=200, tested=50)
ASKED = SingleItem(delay=5, trials=30, tested=10)
needs_core = pytest.mark.skipif(not native.available(), reason="the native library is not built")


def medium(task=STREAM, cell=Pmrc, hidden=12, **settings):
    return Recurrent(task.space, partial(cell, hidden=hidden), **settings)


def lesson(task, k=0, salience=1.0) -> Item:
    """An item as it is presented: what is asked for is hidden and not valid."""
    patterns = task.draw(k + 1, DRAWS)
    split = task.split(patterns)
    values, valid = split.shown(patterns, task.space)[:, k], split.taught[:, k].clone()
    valid[..., : task.space.inputs] = True
    return Item(values, valid, torch.full((2,), salience))


def exam(task, k=0) -> tuple[Cue, torch.Tensor, torch.Tensor]:
    """The cue to an item, what is right, and where it is asked for."""
    patterns = task.draw(k + 1, DRAWS)[:, k : k + 1]
    asked = task.split(patterns).asked
    cue = Cue(patterns.masked_fill(asked, 0), ~asked, ~asked)
    return cue, patterns, asked


def explained(substrate, engram, task, k=0) -> float:
    """R² of one output, mean over replicates."""
    cue, truth, asked = exam(task, k)
    response = substrate.read(engram, cue, DRAWS, Meter()).response
    each = [
        1 - (x[m] - t[m]).square().mean() / t[m].var(correction=0)
        for x, t, m in zip(response, truth, asked, strict=True)
    ]
    return float(torch.stack(each).mean())


def learned(substrate, *items: Item, count=1):
    """The engram after presenting items in turn, so often."""
    engram = substrate.blank(DRAWS)
    for n in range(count):
        for k, one in enumerate(items):
            substrate.write(engram, one, DRAWS.at("write", n, k), Meter())
    return engram


@pytest.mark.parametrize("task", [STREAM, CHOICE, ASKED], ids=lambda task: type(task).__name__)
@pytest.mark.parametrize("cell", CELLS.values())
@needs_core
def test_gradients_of_a_task_are_those_of_torch(task, cell):
    """In float32, where a competition of units (SGW) is followed to a part in a thousand only."""
    built = cell(inputs=task.space.inputs, outputs=len(task.space.outputs), hidden=6)
    raw, item = drawn(built, DRAWS.integers("seed", 2**62)), lesson(task)
    follow = Following(built, task.space, batch=3, window=20, core=True)
    learns = tuple(built.shapes())
    found = [
        replace(follow, core=core).gradients(raw, learns, None, item, DRAWS)
        for core in (True, False)
    ]
    assert torch.allclose(found[0][1], found[1][1], rtol=1e-4)
    for ours, plain in zip(found[0][0], found[1][0], strict=True):
        assert (ours - plain).norm() <= 1e-2 * plain.norm() + 1e-6


def test_only_what_is_taught_moves_the_gradient():
    substrate, item = medium(window=50), lesson(STREAM)
    hidden = torch.where(item.valid, item.values, torch.rand_like(item.values))
    engrams = [
        learned(substrate, Item(v, item.valid, item.salience)) for v in (item.values, hidden)
    ]
    assert torch.equal(engrams[0]["V"], engrams[1]["V"])


def test_windows_within_a_stream_count_in_their_second_half_and_those_at_its_start_whole():
    follow = medium(window=40)._following
    rows, counts = follow._windows(lesson(STREAM), DRAWS)
    assert rows.shape == (2, 8, 40, 2)
    assert not counts[:, :, :20].any()
    assert bool(counts[:, :, 20:].all())
    whole = medium(ASKED)._following._windows(lesson(ASKED), DRAWS)[1]
    assert whole.shape == (2, 8, 6, 1)
    assert bool((whole.sum((2, 3)) == 1).all())


def test_no_window_holds_what_will_be_asked_for():
    follow = replace(medium(window=40)._following, batch=200)
    rows, _ = follow._windows(lesson(STREAM), DRAWS)
    whole = STREAM.draw(1, DRAWS)[:, 0, 0, :300, 0]  # what is taught of the inputs
    for own, row in zip(whole, rows, strict=True):
        assert bool(torch.isin(row[..., 0], own).all())


def test_more_presentations_do_a_task_better():
    substrate, item = medium(updates=8, window=40), lesson(STREAM)
    scores = [explained(substrate, learned(substrate, item, count=n), STREAM) for n in (0, 1, 8)]
    assert scores[0] < 0 < scores[1] < scores[2]
    assert scores[2] > 0.95


def test_a_reservoir_regresses_what_torch_solves():
    """One lesson in two parts gives the read-out of ridge regression on both together."""
    substrate = medium(cell=EchoState, hidden=30, memory="state", task_ridge=1e-6)
    items = [lesson(STREAM, k) for k in range(2)]
    engram = learned(substrate, *items)
    cell = substrate._built(30)
    seen, wanted = [], []
    for one in items:
        raw = {name: engram[name][0] for name in cell.shapes() if not name.startswith(("V", "d"))}
        listener = {
            n: torch.eye(30) if s == (30, 30) else torch.zeros(s) for n, s in _outputs(cell)
        }
        x = 2 * one.values[0, ..., :1] - 1
        units, _ = run(cell, raw | listener, cell.blank(1, x), x)
        live = one.valid[0, 0, :, 1]
        seen.append(units[0, live].double())
        wanted.append((2 * one.values[0, 0, live, 1] - 1).double())
    x, y = torch.cat(seen), torch.cat(wanted)
    centred, level = x - x.mean(0), 1e-6 * x.var(0, correction=0).mean() * len(x)
    gram = centred.T @ centred + level * torch.eye(30)
    expected = torch.linalg.solve(gram, centred.T @ (y - y.mean()))
    (name,) = [n for n, s in _outputs(substrate._cell) if len(s) == 2]
    assert torch.allclose(engram[name][0, 0].double(), expected, rtol=1e-3, atol=1e-3)
    assert explained(substrate, engram, STREAM) > 0.5


def _outputs(cell):
    return [(n, cell.shapes()[n]) for n, it in cell.parameters().items() if it.axes.startswith("o")]


def test_a_task_of_no_salience_teaches_a_reservoir_nothing():
    substrate = medium(cell=EchoState, hidden=30, memory="state")
    engram = learned(substrate, lesson(STREAM, salience=0.0))
    assert explained(substrate, engram, STREAM) <= 0


def test_frozen_weights_keep_their_bits_and_are_the_largest():
    substrate = medium(protection="freezing", frozen=0.25, updates=5, window=40)
    engram, items = learned(substrate, lesson(STREAM)), (lesson(STREAM),)
    substrate.consolidate(engram, items, DRAWS, Meter())
    before, frozen = _weights(substrate, engram), engram["frozen"] > 0
    assert frozen.sum(1).tolist() == [round(0.25 * before.shape[1])] * 2
    for own, held in zip(before.abs(), frozen, strict=True):
        assert own[held].min() >= own[~held].max()
    substrate.write(engram, lesson(STREAM, 1), DRAWS, Meter())
    after = _weights(substrate, engram)
    assert torch.equal(after[frozen], before[frozen])
    assert bool((after != before)[~frozen].any())
    substrate.consolidate(engram, items, DRAWS, Meter())
    assert bool((engram["frozen"] > 0)[frozen].all())
    free = before.shape[1] - round(0.25 * before.shape[1])
    assert (engram["frozen"] > 0).sum(1).tolist() == [
        before.shape[1] - free + round(0.25 * free)
    ] * 2


def test_stiffer_weights_stay_closer_to_where_they_were_consolidated():
    moved = {}
    for stiffness in (1e-6, 1e6):
        substrate = medium(protection="ewc", stiffness=stiffness, updates=10, window=40)
        engram = learned(substrate, lesson(STREAM))
        substrate.consolidate(engram, (lesson(STREAM),), DRAWS, Meter())
        importance, anchor = engram["importance"].clone(), engram["anchor"].clone()
        assert torch.equal(anchor, _weights(substrate, engram))
        assert importance.mean(1).tolist() == pytest.approx([1, 1], rel=1e-4)
        substrate.write(engram, lesson(STREAM, 1), DRAWS, Meter())
        shift = (_weights(substrate, engram) - anchor).square()
        moved[stiffness] = (shift * importance).sum(1) / shift.sum(1)
    assert bool((moved[1e6] < 0.5 * moved[1e-6]).all())


def test_without_protection_nothing_of_it_is_kept():
    substrate = medium(updates=1, window=40)
    engram = learned(substrate, lesson(STREAM))
    before = engram.digest()
    substrate.consolidate(engram, (lesson(STREAM),), DRAWS, Meter())
    assert engram.digest() == before


def _weights(substrate, engram):
    return torch.cat([engram[name].flatten(1) for name in substrate._learned], 1)


def test_a_task_needs_no_carried_state():
    with pytest.raises(ValueError, match="memory must be weights or state for tasks"):
        medium(memory="both")


def test_what_goes_on_inside_is_recorded_when_the_medium_itself_is_asked():
    substrate = medium(window=40, updates=1)
    engram, (cue, truth, _) = learned(substrate, lesson(STREAM)), exam(STREAM)
    own, controls = Meter(truth=truth), Meter()
    for meter in (own, controls):
        substrate.read(engram, cue, DRAWS, meter)
    found = own.series()
    assert {"activity/h", "distribution/gate", "gradient_norm", "units"} <= set(found)
    assert all(bool(series.values.isfinite().all()) for series in found.values())
    assert not controls.series()


def test_the_activity_of_every_head_is_recorded():
    substrate, meter = medium(cell=HyperAmn, window=40, updates=1), Meter(truth=exam(STREAM)[1])
    engram, (cue, _, _) = learned(substrate, lesson(STREAM)), exam(STREAM)
    substrate.read(engram, cue, DRAWS, meter)
    found = meter.series()
    gates = torch.stack([found[f"activity/head_{k}"].values for k in (1, 2, 3)])
    torch.testing.assert_close(gates.sum(0), torch.ones_like(gates[0]))
    assert gates.std(-1).min() > 1e-4
