"""The compiled cells by every set of instructions that this machine has."""

from functools import cache

import pytest
import torch

from memlab.cells.cell import run
from memlab.cells.equations.sgw_amn import SgwAmn
from tests.unit.cell_worlds import WIDE, World, by, compiled, every_variant, farthest, needs_core
from tests.unit.cells import ALL, drawn, noise, outputs, renumbered

pytestmark = needs_core

SETS = ("plain", "avx2", "avx512")  # from narrow to wide


def answered(instructions):
    """What they make of a stream; None where the machine or the build lacks them."""
    world = World("pmrc", {}, torch.float32)
    try:
        return by(instructions)(world.cell, world.raw, world.state, world.x)[0]
    except ValueError as error:
        if instructions in ("best", "plain") or "set that this machine has" not in str(error):
            raise
        return None


@pytest.fixture(params=SETS)
def through(request):
    """The core by one set."""
    if answered(request.param) is None:
        pytest.skip(f"this machine, or the build, has no {request.param}")
    return by(request.param)


@cache
def known(name, flags, seed):
    """A world in float32, and what torch makes of it."""
    world = World(name, dict(flags), torch.float32, seed)
    return world, world.told(run)


@pytest.mark.parametrize("seed", [0, 1, 2])
@every_variant
def test_in_float32_every_gradient_is_near_that_of_autograd(name, flags, seed, through):
    world, wanted = known(name, (*flags.items(),), seed)
    assert farthest(world.told(through), wanted) < 1e-4


@pytest.mark.parametrize(("name", "flags"), WIDE)
def test_in_float32_stores_of_many_units_are_near_those_of_torch(name, flags, through):
    world = World(name, flags, torch.float32, hidden=119)  # 64 + 32 + 16 + 7
    assert farthest(world.told(through), world.told(run)) < 1e-4


@every_variant
def test_all_instruction_sets_agree(name, flags, through):
    world, _ = known(name, (*flags.items(),), 0)
    assert farthest(world.told(through), world.told(by("plain"))) < 1e-5


def test_the_best_instruction_set_is_the_widest_there_is():
    widest = [y for y in map(answered, SETS) if y is not None][-1]
    assert torch.equal(answered("best"), widest)


def test_instructions_that_float64_has_not_are_refused():
    world = World("amrc", {}, torch.float64)
    with pytest.raises(ValueError, match="must be of a set that this machine has"):
        world.told(by("avx2"))
    assert torch.equal(world.told(by("plain"))["y"], world.told(compiled)["y"])


def changed(found, wanted):
    """The largest difference, relative to the largest output."""
    return float((found - wanted).abs().max() / wanted.abs().max())


def renumbering(cell, seed, through):
    """How much outputs change when units of a cell change places, in float32."""
    draws = torch.Generator().manual_seed(seed)
    raw, x = drawn(cell, torch.float32, seed), noise(2, 30, 2, dtype=torch.float32)
    sizes = cell.sizes().items()
    orders = {axis: torch.randperm(n, generator=draws) for axis, n in sizes if axis not in "io"}
    other = {k: renumbered(raw[k], it.axes, orders) for k, it in cell.parameters().items()}
    first, second = (through(cell, one, cell.blank(2, x), x)[0] for one in (raw, other))
    return changed(second, first)


def rounding(cell, seed):
    """How much they change when each parameter moves by half of its last place in float32."""
    raw, x = drawn(cell, torch.float64, seed), noise(2, 30, 2)
    draws = torch.Generator().manual_seed(seed)
    moves = {k: 2**-24 * torch.randn(one.shape, generator=draws) for k, one in raw.items()}
    moved = {k: one * (1 + moves[k]) for k, one in raw.items()}
    return changed(outputs(cell, moved, x), outputs(cell, raw, x))


@pytest.mark.parametrize("seed", [0, 1, 2])
@pytest.mark.parametrize("cell", ALL.values(), ids=ALL)
def test_renumbering_units_leaves_the_outputs_as_they_are(cell, seed, through):
    # Candidates of SGW-AMN compete: what a rounding changes grows from step to step, in torch too.
    most = 10 * rounding(cell, seed) if isinstance(cell, SgwAmn) else 1e-6
    assert renumbering(cell, seed, through) < most
