"""The compiled cells: outputs, states and exact gradients of the plain equations in torch."""

import pytest
import torch

from memlab.cells import CELLS
from memlab.cells.cell import run
from memlab.cells.equations.amrc import Amrc
from memlab.cells.published.amrc import PublishedAmrc
from tests.unit.cell_worlds import (
    BATCH,
    STEPS,
    WIDE,
    World,
    compiled,
    every_variant,
    farthest,
    needs_core,
)

pytestmark = needs_core


@pytest.mark.parametrize("seed", [0, 1, 2])
@every_variant
def test_in_float64_every_gradient_is_that_of_autograd(name, flags, seed):
    world = World(name, flags, torch.float64, seed)
    assert farthest(world.told(compiled), world.told(run)) < 1e-9


@pytest.mark.parametrize(("name", "flags"), WIDE)
def test_stores_of_many_units_are_those_of_torch(name, flags):
    world = World(name, flags, torch.float64, hidden=119)  # 64 + 32 + 16 + 7
    assert farthest(world.told(compiled), world.told(run)) < 1e-9


@every_variant
def test_streams_that_end_early_have_the_gradients_of_autograd(name, flags):
    world = World(name, flags, torch.float64)
    world.mask = torch.arange(STEPS) < torch.arange(0, 3 * BATCH, 3)[:, None]  # one never begins
    assert farthest(world.told(compiled), world.told(run)) < 1e-9


@pytest.mark.parametrize("steps", [1, 8, 9])
@pytest.mark.parametrize("name", CELLS)
def test_short_streams_have_the_gradients_of_autograd(name, steps):
    world = World(name, {}, torch.float64)
    world.cut(steps)
    assert farthest(world.told(compiled), world.told(run)) < 1e-9


@pytest.mark.parametrize("name", CELLS)
def test_with_and_without_a_tape_or_a_mask_every_bit_is_the_same(name):
    world = World(name, {}, torch.float32)
    given = (world.cell, world.raw, world.state, world.x)
    taped, ended = compiled(*given)
    for mask in (None, torch.ones(BATCH, STEPS, dtype=torch.bool)):
        with torch.no_grad():
            bare, last = compiled(*given, mask)
        assert torch.equal(bare, taped)
        assert all(torch.equal(last[key], ended[key]) for key in ended)


@pytest.mark.parametrize("name", CELLS)
def test_threads_change_no_bit(name):
    world = World(name, {}, torch.float32)
    before = torch.get_num_threads()
    told = []
    try:
        for threads in (1, 2):
            torch.set_num_threads(threads)
            told.append(world.told(compiled))
    finally:
        torch.set_num_threads(before)
    assert all(torch.equal(told[0][key], told[1][key]) for key in told[0])


@pytest.mark.parametrize("name", CELLS)
def test_a_stream_in_two_parts_is_the_stream(name):
    world = World(name, {}, torch.float32)
    whole, ended = compiled(world.cell, world.raw, world.state, world.x)
    first, between = compiled(world.cell, world.raw, world.state, world.x[:, :9])
    second, last = compiled(world.cell, world.raw, between, world.x[:, 9:])
    assert torch.equal(torch.cat([first, second], 1), whole)
    assert all(torch.equal(last[key], ended[key]) for key in ended)


@pytest.mark.parametrize("name", CELLS)
def test_a_stream_does_not_depend_on_those_beside_it(name):
    world = World(name, {}, torch.float32)
    all_of_them, _ = compiled(world.cell, world.raw, world.state, world.x)
    alone = {key: one[4:5] for key, one in world.state.items()}
    one, _ = compiled(world.cell, world.raw, alone, world.x[4:5])
    torch.testing.assert_close(one, all_of_them[4:5], rtol=1e-5, atol=1e-6)


@every_variant
def test_every_parameter_has_the_slope_of_finite_differences(name, flags):
    world = World(name, flags, torch.float64)
    raw = {key: one.detach().contiguous().clone() for key, one in world.raw.items()}

    def loss(values, at, value):
        values[at] = value
        return world.loss(*compiled(world.cell, raw, world.state, world.x, world.mask)).detach()

    for key, slopes in world.told(compiled).items():
        flat = raw[key].view(-1) if key in raw else ()
        for at in torch.randperm(len(flat))[:3]:
            begun = flat[at].clone()
            above, below = loss(flat, at, begun + 1e-6), loss(flat, at, begun - 1e-6)
            flat[at] = begun
            found, slope = slopes.flatten()[at], (above - below) / 2e-6
            torch.testing.assert_close(found, slope, rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("name", CELLS)
def test_a_million_steps_stay_finite(name):
    draws = torch.Generator().manual_seed(1)
    x = 3 * torch.randn(10**6, 1, generator=draws)
    far, steady, turning = x[: 10**5], x[2 * 10**5 : 3 * 10**5], x[4 * 10**5 : 5 * 10**5]
    far *= 10 ** (9 * torch.rand(far.shape, generator=draws) - 3)  # from 1e-3 to 1e6
    steady[:], turning[::2], turning[1::2] = 1e6, -1e6, 1e6
    cell = CELLS[name](inputs=1, hidden=8, outputs=1)
    raw = {key: 3 * one for key, one in cell.initial(draws).items()}
    y, ended = compiled(cell, raw, cell.blank(1, x), x[None])
    assert y.isfinite().all()
    assert all(one.isfinite().all() for one in ended.values())


@pytest.mark.parametrize("name", ["amn", "hyper_amn"])
def test_a_trace_that_keeps_all_has_finite_gradients_in_both(name):
    world = World(name, {}, torch.float32)
    world.raw["L"].data.fill_(-40.0)  # exp(-exp(-40)) is 1
    found, known = world.told(compiled), world.told(run)
    assert all(one.isfinite().all() for one in [*found.values(), *known.values()])
    assert farthest(found, {key: one for key, one in known.items() if key != "L"}) < 1e-4


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda w: {"x": w.x.double()}, "all float64, on the CPU; parameters is torch.float32"),
        (lambda w: {"x": w.x[..., :2]}, r"x must have \(11, 23, 3\) numbers, got \(11, 23, 2\)"),
        (lambda w: {"x": w.x[:4]}, r"state must have \(4, 42\) numbers, got \(11, 42\)"),
        (lambda w: {"x": w.x[:, :0]}, "a stream and a step at least"),
        (lambda w: {"mask": w.mask[:, :5]}, r"got \(11, 23, 3\) and \(11, 5\)"),
    ],
)
def test_arrays_that_would_be_misread_are_refused(change, told):
    world = World("pmrc", {}, torch.float32)
    given = {"x": world.x, "mask": world.mask} | change(world)
    with pytest.raises(ValueError, match=told):
        compiled(world.cell, world.raw, world.state, given["x"], given["mask"])


def test_a_second_backward_pass_is_refused():
    world = World("pmrc", {}, torch.float32)
    y, _ = compiled(world.cell, world.raw, world.state, world.x)
    y.sum().backward(retain_graph=True)
    with pytest.raises(RuntimeError, match="has one backward pass; run it again"):
        y.sum().backward()


def test_a_cell_without_a_compiled_form_is_told():
    cell = PublishedAmrc(inputs=1, hidden=4, outputs=1)
    raw, x = cell.initial(torch.Generator()), torch.zeros(1, 2, 1)
    with pytest.raises(ValueError, match="PublishedAmrc has no compiled form; run it with"):
        compiled(cell, raw, cell.blank(1, x), x)


def test_sizes_beyond_what_is_counted_are_refused():
    from memlab.cells.compiled import described

    with pytest.raises(ValueError, match=r"at most 1048576; axis 'h' has 2097152"):
        described(Amrc(inputs=1, hidden=2**21, outputs=1))
