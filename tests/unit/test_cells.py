import pytest
import torch

from memlab.cells import CELLS
from memlab.cells.cell import run
from memlab.cells.equations.ndm import Ndm
from memlab.cells.parameter import DECAY, RATE, SHARE, SIGNED, orthogonal
from tests.unit.cells import ALL, OF, VARIANTS, drawn, noise, outputs, renumbered

every_cell = pytest.mark.parametrize("cell", ALL.values(), ids=ALL)


@every_cell
def test_renumbering_units_leaves_the_outputs_as_they_are(cell):
    draws = torch.Generator().manual_seed(1)
    inner = {axis: size for axis, size in cell.sizes().items() if axis not in "io"}
    orders = {axis: torch.randperm(size, generator=draws) for axis, size in inner.items()}
    raw, x = drawn(cell), noise(2, 30, 2)
    other = {k: renumbered(raw[k], it.axes, orders) for k, it in cell.parameters().items()}
    torch.testing.assert_close(outputs(cell, other, x), outputs(cell, raw, x), atol=1e-9, rtol=0)


@every_cell
def test_the_gradient_is_that_of_finite_differences(cell):
    raw, x, state = drawn(cell), noise(2, 4, 2), cell.blank(2, noise(1))
    start = [(values + 0.1).requires_grad_() for values in state.values()]

    def loss(x, *values):
        given = dict(zip(raw, values[: len(raw)], strict=True))
        y, end = run(cell, given, dict(zip(state, values[len(raw) :], strict=True)), x)
        return y, *end.values()

    points = [x.requires_grad_(), *(v.requires_grad_() for v in raw.values()), *start]
    assert torch.autograd.gradcheck(loss, points, fast_mode=True)


@pytest.mark.parametrize("cell", CELLS.values(), ids=CELLS)
def test_no_unit_is_lost_or_stuck_in_twenty_thousand_random_steps(cell):
    cell = cell(inputs=2, hidden=5, outputs=1)
    raw, x = cell.initial(torch.Generator().manual_seed(5)), noise(1, 20_000, 2).float()
    units, course = [name for name, axes in cell.states().items() if axes in {"h", "nh", "s"}], []
    with torch.no_grad():
        _, state = run(cell, raw, cell.blank(1, x), x)
        for t in range(300):
            state, _ = cell.step(raw, state, x[:, t])
            course.append(torch.cat([state[name].flatten() for name in units]))
    assert all(values.isfinite().all() and values.abs().max() < 20 for values in state.values())
    assert torch.stack(course).std(0).min() > 1e-3


@every_cell
def test_a_cut_stream_goes_on_where_it_stopped(cell):
    raw, x = drawn(cell), noise(2, 9, 2)
    first, state = run(cell, raw, cell.blank(2, x), x[:, :4])
    second, _ = run(cell, raw, state, x[:, 4:])
    assert torch.equal(torch.cat([first, second], 1), outputs(cell, raw, x))


@every_cell
def test_padding_is_as_if_it_were_not_there(cell):
    raw, x = drawn(cell), noise(2, 6, 2)
    mask = torch.tensor([[1, 0, 1, 1, 0, 1], [0, 1, 1, 0, 0, 1]]).bool()
    y = outputs(cell, raw, x, mask)
    assert (y[~mask] == 0).all()
    for row in range(2):
        alone = outputs(cell, raw, x[row : row + 1, mask[row]])
        torch.testing.assert_close(y[row, mask[row]], alone[0])


@every_cell
def test_what_stands_in_padding_reaches_no_gradient(cell):
    raw, x = {k: v.requires_grad_() for k, v in drawn(cell).items()}, noise(1, 4, 2)
    mask, x[0, 2:] = torch.tensor([[True, True, False, False]]), torch.nan
    outputs(cell, raw, x, mask).sum().backward()
    assert all(v.grad is None or v.grad.isfinite().all() for v in raw.values())
    assert raw["b"].grad.any()


@every_cell
def test_a_step_changes_nothing_it_was_given(cell):
    raw, x, state = drawn(cell), noise(2, 2), cell.blank(2, noise(1))
    before = {k: v.clone() for k, v in (raw | {f"state {k}": v for k, v in state.items()}).items()}
    cell.step(raw, state, x)
    after = raw | {f"state {k}": v for k, v in state.items()}
    assert all(torch.equal(after[k], before[k]) for k in before)


@every_cell
def test_sequences_of_a_batch_do_not_see_each_other(cell):
    raw, x = drawn(cell), noise(3, 5, 2)
    torch.testing.assert_close(outputs(cell, raw, x)[1:2], outputs(cell, raw, x[1:2]))


@every_cell
def test_one_seed_draws_one_cell(cell):
    one, same, other = (cell.initial(torch.Generator().manual_seed(s)) for s in (1, 1, 2))
    assert all(torch.equal(one[k], same[k]) for k in one)
    assert any(not torch.equal(one[k], other[k]) for k in one)
    assert {k: v.shape for k, v in one.items()} == cell.shapes()
    assert all(v.isfinite().all() and v.dtype == torch.float32 for v in one.values())


@every_cell
def test_every_parameter_matters(cell):
    raw = {k: v.requires_grad_() for k, v in drawn(cell).items()}
    outputs(cell, raw, noise(2, 6, 2)).square().sum().backward()
    idle = {k for k, v in raw.items() if v.grad is None or not v.grad.any()}
    assert idle == ({"pi", "lam", "rho"} if cell == VARIANTS["ndm frozen"] else set())


@pytest.mark.parametrize("law", [SHARE, RATE, DECAY, SIGNED], ids=["share", "rate", "decay", "±"])
def test_a_law_maps_what_is_trained_to_what_is_used_and_back(law):
    raw = torch.linspace(-3, 1.5, 20, dtype=torch.float64)
    used = law.effective(raw)
    torch.testing.assert_close(law.raw(used), raw)
    assert (used > 0).all() or law is SIGNED
    assert (used < 1).all() or law is RATE


@pytest.mark.parametrize("shape", [(6, 4), (4, 6), (5, 5)])
def test_an_orthogonal_draw_keeps_lengths_up_to_its_gain(shape):
    q = orthogonal(0.5)(torch.Generator().manual_seed(0), shape)
    gram = q @ q.T if shape[0] <= shape[1] else q.T @ q
    torch.testing.assert_close(gram, 0.25 * torch.eye(min(shape)))


@pytest.mark.parametrize("kind", CELLS.values(), ids=CELLS)
def test_a_cell_without_units_is_refused(kind):
    with pytest.raises(ValueError, match=r"at least 1 .*; axis 'h' has 0"):
        kind(inputs=1, hidden=0, outputs=1)


def test_frozen_fast_weights_stay_what_a_stream_has_made_of_them():
    raw, x = drawn(Ndm(**OF)), noise(2, 20, 2)
    _, learned = run(Ndm(**OF), raw, Ndm(**OF).blank(2, x), x)
    _, after = run(Ndm(**OF, frozen=True), raw, learned, x)
    assert learned["F"].any()
    assert torch.equal(after["F"], learned["F"])


def test_fast_weights_take_both_signs_and_no_row_outgrows_its_bound():
    cell, x = Ndm(2, 16, 1), 10 * noise(1, 500, 2, dtype=torch.float32)
    _, state = run(cell, cell.initial(torch.Generator().manual_seed(0)), cell.blank(1, x), x)
    assert state["F"].min() < -0.01
    assert state["F"].max() > 0.01
    assert state["F"].norm(dim=-1).max() < 4
