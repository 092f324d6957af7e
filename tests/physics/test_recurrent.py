"""Recurrent cells as media: what learns, what is carried, and that both cores agree."""

from functools import partial

import pytest
import torch
from torch import nn

from memlab import native
from memlab.cells import CELLS, PUBLISHED
from memlab.cells.adam import Moments
from memlab.cells.cell import run
from memlab.cells.equations.pmrc import Pmrc
from memlab.cells.published.amrc import PublishedAmrc
from memlab.cells.published.pmrc import PublishedPmrc
from memlab.cells.replicated import drawn, run_each
from memlab.cells.rivals.echo_state import EchoState
from memlab.cells.rivals.gru import Gru
from memlab.cells.rivals.lstm import Lstm
from memlab.cells.rows import Damage, Rows
from memlab.draws import Draws
from memlab.similarity import pearson
from memlab.space import Cue, Item, Space
from memlab.substrate import Meter
from memlab.substrates.recurrent import Recurrent

DRAWS = Draws(5, (0, 1, 2, 3))
SPACE = Space((6, 8))


def medium(cell=Pmrc, hidden=24, space=SPACE, **settings):
    return Recurrent(space, partial(cell, hidden=hidden), **settings)


def reservoir(hidden=128):
    return medium(hidden=hidden, space=Space((4, 8)), memory="state", passes=1, flips=0.0)


def item(k, space=SPACE, salience=1.0):
    values = (DRAWS.uniform(f"item {k}", space.shape) < 0.5).float()
    return Item(values, torch.ones_like(values, dtype=torch.bool), torch.full((4,), salience))


def taught(substrate, *shown, salience=1.0):
    """The engram after these items, and what was measured while the last was written."""
    engram, meter = substrate.blank(DRAWS), Meter()
    for n, k in enumerate(shown):
        meter = Meter()
        it = item(k, substrate.space, salience)
        substrate.write(engram, it, DRAWS.at("write", n), meter)
    return engram, meter


def recalled(substrate, engram, k=0, keep=0.3):
    """Pearson of the answer with item k where its cue gave nothing, mean over replicates."""
    values = item(k, substrate.space).values[:, None]
    given = (DRAWS.uniform("mask", substrate.space.shape) < keep)[:, None]
    cue = Cue(torch.where(given, values, 0.0), given, given)
    response = substrate.read(engram, cue, DRAWS, Meter()).response
    rows = zip(response, values, given, strict=True)
    return float(torch.stack([pearson(x[~g], v[~g], (0,)) for x, v, g in rows]).mean())


def test_learning_one_item_lowers_its_loss():
    _, meter = taught(medium(), 0)
    loss = meter.series()["loss"].values
    assert loss.shape == (4, 30)
    assert (loss[:, -5:].mean(1) < 0.8 * loss[:, :5].mean(1)).all()


def test_more_presentations_remember_better():
    substrate = medium()
    by_count = [recalled(substrate, taught(substrate, *[0] * n)[0]) for n in (0, 1, 4)]
    assert by_count[0] < by_count[1] - 0.2 < by_count[2] - 0.3


def test_a_salient_item_takes_more_steps_and_a_faint_one_a_part_of_them():
    substrate = medium(updates=4)
    for salience, steps in ((2.0, 8), (0.5, 2), (0.3, 2)):
        engram, meter = taught(substrate, 0, salience=salience)
        assert meter.series()["loss"].steps.numel() == steps
        assert (engram["adam_steps"] == steps).all()


def test_salience_is_each_replicates_own():
    substrate, engram = medium(updates=3), medium().blank(DRAWS)
    before, shown = engram.copy(), item(0)
    mixed = Item(shown.values, shown.valid, torch.tensor([0.0, 1.0, 1.0, 1.0]))
    substrate.write(engram, mixed, DRAWS, Meter())
    assert all(torch.equal(engram[name][0], before[name][0]) for name in before.parts)
    assert not torch.equal(engram["V"][1], before["V"][1])


def test_later_rows_inform_earlier_ones_only_if_the_cue_is_shown_twice():
    answers = {}
    for passes in (1, 2):
        substrate = medium(passes=passes)
        engram, _ = taught(substrate, 0)
        given = torch.zeros((4, 1, *SPACE.shape), dtype=torch.bool)
        given[:, :, -1] = True
        cues = [Cue(given * level, given, given) for level in (0.0, 1.0)]
        found = [substrate.read(engram, cue, DRAWS, Meter()).response[:, :, 0] for cue in cues]
        answers[passes] = torch.equal(*found)
    assert answers == {1: True, 2: False}


@pytest.mark.parametrize("cell", [*CELLS.values(), Gru, Lstm, EchoState])
def test_a_state_that_remembers_leaves_every_weight_as_it_was_drawn(cell):
    substrate = medium(cell, memory="state", examples=32)
    before, (after, _) = substrate.blank(DRAWS), taught(substrate, 0, 1)
    names = [name for name in before.parts if not name.startswith("state_")]
    assert all(torch.equal(before[name], after[name]) for name in names)
    assert set(after.memory()) == set(before.parts) - set(names)


def test_a_state_remembers_what_came_in_last_and_silence_wears_it_away():
    substrate = reservoir()
    engram, _ = taught(substrate, 1, 0)
    fresh = recalled(substrate, engram)
    substrate.rest(engram, 20, DRAWS, Meter())
    assert recalled(substrate, substrate.blank(DRAWS)) < 0.2
    assert fresh > 0.5
    assert recalled(substrate, engram) < fresh - 0.3


def test_nothing_but_the_state_is_told_apart_by_a_reservoir():
    substrate = reservoir()
    engram, _ = taught(substrate, 0)
    blank = substrate.blank(DRAWS)
    for name in engram.memory():
        engram[name] = blank[name]
    assert engram.digest() == blank.digest()


def test_time_alone_leaves_weights_and_moves_a_state():
    for memory, moves in (("weights", False), ("both", True)):
        engram, _ = taught(medium(memory=memory, updates=2), 0)
        before = engram.digest()
        medium(memory=memory).rest(engram, 1, DRAWS, Meter())
        assert (engram.digest() != before) == moves


def test_what_is_not_to_learn_is_body_and_stays():
    substrate = medium(EchoState, learns=["V", "c"])
    before, (after, _) = substrate.blank(DRAWS), taught(substrate, 0)
    assert set(after.memory()) == {"V", "c"}
    assert all(torch.equal(before[name], after[name]) for name in "WUb")
    assert recalled(substrate, after) > recalled(substrate, before) + 0.2


@pytest.mark.skipif(not native.available(), reason="the native library is not built")
@pytest.mark.parametrize("memory", ["weights", "state", "both"])
@pytest.mark.parametrize("cell", CELLS.values(), ids=CELLS)
def test_the_compiled_core_and_torch_remember_alike(cell, memory):
    settings = {"memory": memory, "updates": 2, "examples": 64, "ridge": 0.1, "hidden": 9}
    found = []
    for backend in ("native", "torch"):
        substrate = medium(cell, backend=backend, **settings)
        engram, _ = taught(substrate, 0)
        shown = item(0).values[:, None]
        cue = Cue(shown, shown > 0, shown > 1)
        found.append(substrate.read(engram, cue, DRAWS, Meter()).response)
    torch.testing.assert_close(*found, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize(("cell", "theirs"), [(Gru, nn.GRU), (Lstm, nn.LSTM)])
def test_the_rivals_are_those_of_torch(cell, theirs):
    ours, known = cell(inputs=3, hidden=5, outputs=2), theirs(3, 5, batch_first=True)
    raw = ours.initial(torch.Generator().manual_seed(1))
    named = {"weight_ih_l0": "W", "weight_hh_l0": "U", "bias_ih_l0": "b", "bias_hh_l0": "d"}
    known.load_state_dict(
        {
            name: raw[key].flatten(0, 1) if raw[key].ndim == 3 else raw[key].flatten()
            for name, key in named.items()
        }
    )
    x = torch.randn((4, 7, 3), generator=torch.Generator().manual_seed(2))
    y, _ = run(ours, raw, ours.blank(4, x), x)
    wanted = known(x)[0] @ raw["V"].T + raw["c"]
    torch.testing.assert_close(y, wanted, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", PUBLISHED)
def test_a_published_cell_learns_what_has_a_gradient(name):
    learns = ["V", "c"] if name == "pmrc" else None
    _, meter = taught(medium(PUBLISHED[name], hidden=4, updates=12, learns=learns), 0)
    loss = meter.series()["loss"].values
    assert (loss[:, -5:].mean(1) < loss[:, :5].mean(1)).all()


def test_every_replicate_has_a_cell_of_its_own():
    cell = Gru(inputs=3, hidden=5, outputs=2)
    raw = drawn(cell, torch.tensor([4, 9]))
    x = torch.randn((2, 6, 7, 3), generator=torch.Generator().manual_seed(2))
    state = {"h": torch.zeros((2, 6, 5))}
    y, _ = run_each(cell, raw, state, x, core=False)
    alone, _ = run(cell, {n: one[1] for n, one in raw.items()}, {"h": state["h"][1]}, x[1])
    torch.testing.assert_close(y[1], alone, rtol=1e-5, atol=1e-6)


def test_a_reservoir_has_about_the_radius_it_was_asked_for():
    raw = EchoState(inputs=2, hidden=400, outputs=1, radius=0.8).initial(torch.Generator())
    assert float(torch.linalg.eigvals(raw["U"]).abs().max()) == pytest.approx(0.8, rel=0.1)


def test_adam_steps_as_that_of_torch_does():
    generator = torch.Generator().manual_seed(3)
    start, gradients = torch.randn(6, generator=generator), torch.randn(5, 6, generator=generator)
    theirs = nn.Parameter(start.clone())
    known = torch.optim.Adam([theirs], lr=0.1)
    ours, zero = start.clone()[None], torch.zeros((1, 6))
    moments = Moments(zero, zero, torch.zeros(1))
    for g in gradients:
        theirs.grad = g.clone()
        nn.utils.clip_grad_norm_([theirs], 1.0)
        known.step()
        moments = moments.after(g[None], torch.tensor([True]), 1.0)
        ours = ours - 0.1 * moments.step()
    torch.testing.assert_close(ours[0], theirs.detach(), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("shape", [(7,), (20,), (6, 8), (2, 3, 4)])
def test_a_pattern_cut_into_rows_is_put_together_again(shape):
    rows = Rows(Space(shape), 8)
    values = torch.rand((2, 3, *shape), generator=torch.Generator().manual_seed(1))
    cut = rows.cut(values)
    assert cut.shape == (2, 3, rows.steps, rows.width)
    assert torch.equal(rows.joined(cut), values)


def test_damage_hides_and_flips_the_shares_it_is_asked_for():
    values = torch.ones((4, 50, 20, 20))
    shown, given = Damage(0.2, 0.1).to(values, values > 0, DRAWS)
    assert float(given.float().mean()) == pytest.approx(0.6, abs=0.05)
    assert float(given.float().mean((2, 3)).min()) > 0.1
    assert float(1 - shown.mean()) == pytest.approx(0.1, abs=0.01)


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"hidden": 0}, "at least 1 .*; axis 'h' has 0"),
        ({"hidden": 2.5}, "hidden of Pmrc must be a whole number, got 2.5"),
        ({"hidden": "many"}, "hidden of Pmrc must be a whole number, got 'many'"),
        ({"cell": partial(Pmrc, gates=7)}, "gates of Pmrc must be true or false, got 7"),
        ({"cell": partial(EchoState, leak="x")}, "leak of EchoState must be a number, got 'x'"),
        ({"cell": partial(Pmrc, leak=1)}, "sizes as numbers"),
        ({"cell": PublishedPmrc}, r"must have a gradient, .* learns of W, .*learns=\[V, c\]"),
        ({"cell": PublishedPmrc, "memory": "state"}, "those of PublishedPmrc are a tanh"),
        ({"cell": PublishedAmrc, "memory": "state"}, "those of PublishedAmrc are a tanh"),
        ({"memory": "dreams"}, "'weights', 'state' or 'both'"),
        ({"space": Space((4, 4), 5)}, "holds binary or graded patterns, .* got 4×4, 5 symbols"),
        ({"learns": ["V", "w"]}, "must name parameters of Pmrc .*got w"),
        ({"learns": []}, "at least 1 item"),
        ({"memory": "state", "protection": "ewc"}, "must be none with memory=state, .* got ewc"),
        ({"rate": 0.0}, "greater than 0"),
        ({"updates": 0}, "greater than 0"),
        ({"cell": Gru, "backend": "native"}, "Gru has no form in C"),
        ({"cell": partial(Pmrc, output_memory=True), "memory": "state"}, "output_memory=false"),
    ],
)
def test_what_cannot_be_is_refused(settings, told):
    with pytest.raises(ValueError, match=told):
        medium(**settings)
