import math

import numpy as np
import pytest
import torch

from memlab.cells import PUBLISHED
from memlab.cells.cell import run
from memlab.cells.equations.amn import Amn
from memlab.cells.published.amn import PublishedAmn
from memlab.cells.published.amrc import PublishedAmrc
from memlab.cells.published.dtpn import PublishedDtpn
from memlab.cells.published.hyper_amn import PublishedHyperAmn
from memlab.cells.published.ndm import PublishedNdm
from memlab.cells.published.pmrc import PublishedPmrc
from memlab.cells.published.sgw_amn import PublishedSgwAmn
from tests.unit.cells import noise, outputs, renumbered


def drawn(cell):
    raw = cell.initial(torch.Generator().manual_seed(0))
    return {name: values.double() for name, values in raw.items()}


def states(cell, raw, x):
    """The state after every step of one stream ``x (T, I)``."""
    state, found = cell.blank(1, x), []
    for row in x:
        state, _ = cell.step(raw, state, row[None])
        found.append(state)
    return found


def capacity(cell, name, steps=1500, lags=60):
    """R² of linear read-outs of state ``name`` for the inputs 0 … lags steps ago, held out."""
    x = 2 * torch.rand((steps, 1), generator=torch.Generator().manual_seed(7)).double() - 1
    with torch.no_grad():
        seen = torch.cat([state[name] for state in states(cell, drawn(cell), x)])
    seen = torch.cat([seen, torch.ones_like(x)], 1)
    late = torch.stack([x[:, 0].roll(lag) for lag in range(lags + 1)], 1)
    train, test = slice(100, 2 * steps // 3), slice(2 * steps // 3, steps)
    gram = seen[train].T @ seen[train] + 1e-6 * torch.eye(seen.shape[1], dtype=seen.dtype)
    weights = torch.linalg.solve(gram, seen[train].T @ late[train])
    error = (seen[test] @ weights - late[test]).square().mean(0)
    return (1 - error / late[test].var(0, correction=0)).clamp(min=0)


def sigma(x):
    return 1 / (1 + math.exp(-x))


@pytest.mark.parametrize("kind", PUBLISHED.values(), ids=PUBLISHED)
def test_a_stream_through_a_published_cell_stays_finite_and_moves_it(kind):
    cell, x = kind(inputs=2, hidden=6, outputs=2), noise(2, 50, 2)
    y, state = run(cell, drawn(cell), cell.blank(2, x), x)
    assert y.isfinite().all()
    assert y.shape == (2, 50, 2)
    assert all(values.any() for values in state.values())


def test_the_echo_of_amrc_is_two_steps_old():
    cell, x = PublishedAmrc(1, 4, 1), torch.tensor([[2.0], [0], [0]]).double()
    first, second, third = states(cell, drawn(cell), x)
    # Without an input a unit says what its memory does, and its echo.
    torch.testing.assert_close(second["h"], torch.tanh(first["m"]))
    torch.testing.assert_close(third["h"] - torch.tanh(second["m"]), cell.beta * first["h"])


def test_the_memory_of_amrc_integrates_without_a_leak():
    cell, x = PublishedAmrc(1, 4, 1), torch.zeros((1000, 1)).double()
    x[0] = 1e-3
    course = states(cell, drawn(cell), x)
    torch.testing.assert_close(course[-1]["m"], course[0]["m"], rtol=1e-3, atol=0)


def test_pmrc_without_its_flags_is_amrc():
    bare = PublishedPmrc(2, 5, 2, recurrent=False, gates=False, output_memory=False)
    raw, x = drawn(bare), noise(2, 30, 2)
    torch.testing.assert_close(outputs(bare, raw, x), outputs(PublishedAmrc(2, 5, 2), raw, x))


def test_pmrc_moves_its_units_one_after_the_other_in_place():
    cell, x = PublishedPmrc(1, 3, 1), noise(4, 1)
    p = {name: values.numpy() for name, values in drawn(cell).items()}
    m, q, h = [0.0] * 3, [0.0] * 3, [0.0] * 3
    for (u,) in x.tolist():
        for j in range(3):
            v = math.tanh(p["W"][j, 0] * u + m[j] + p["U"][j] @ q)
            g = sigma(p["Wg"][j, 0] * u + p["Ug"][j] @ m)
            m[j] = g * math.tanh(p["Wc"][j, 0] * u) + (1 - g) * m[j]
            h[j], q[j] = v + 0.3 * q[j], h[j]
    last = states(cell, drawn(cell), x)[-1]
    np.testing.assert_allclose(torch.cat([last[k] for k in "mqh"]), [m, q, h], atol=1e-12)


def test_renumbering_the_units_of_pmrc_changes_its_outputs():
    cell, x = PublishedPmrc(4, 12, 2), noise(1, 40, 4)
    raw, orders = drawn(cell), {"h": torch.arange(12).flip(0)}
    other = {k: renumbered(raw[k], it.axes, orders) for k, it in cell.parameters().items()}
    assert (outputs(cell, other, x) - outputs(cell, raw, x)).abs().max() > 0.05


@pytest.mark.slow
def test_gated_pmrc_has_the_memory_capacity_it_was_measured_to_have():
    cell = PublishedPmrc(1, 64, 1)
    assert capacity(cell, "h")[1:].sum() == pytest.approx(18.95, abs=1.5)


def test_the_loop_of_amn_grows_by_the_published_eigenvalues():
    cell = PublishedAmn(1, 32, 1)
    raw = drawn(cell) | {"Bi": torch.zeros((32, 1)).double()}
    start = cell.blank(1, noise(1)) | {"l": torch.full((1, 32), 1e-6).double()}
    for _ in range(6):
        before, (start, _) = start["l"], cell.step(raw, start, torch.zeros((1, 1)).double())
    growth = start["l"] / before
    assert growth.min() > 1.58
    assert growth.max() < 1.66


def test_every_trace_of_amn_is_stuck_at_its_clip_after_forty_steps():
    cell, x = PublishedAmn(1, 64, 1), noise(100, 1)
    course = torch.cat([state["l"] for state in states(cell, drawn(cell), x)])
    assert (course[40:].abs() == 10).all()
    assert not course[40:].std(0).any()


def test_amn_remembers_nothing_as_published_and_more_than_an_echo_state_net_repaired():
    assert capacity(PublishedAmn(1, 64, 1), "l", steps=600).sum() < 0.01
    repaired = capacity(Amn(1, 64, 1), "l")
    assert repaired[0] > 0.99
    assert repaired[1:].sum() > 17.6


def test_the_matrix_of_dtpn_is_one_vector():
    cell, x = PublishedDtpn(2, 6, 1, slots=9), noise(50, 2)
    raw, r = drawn(cell), torch.zeros((1, 6)).double()
    for state in states(cell, raw, x):
        k = torch.sigmoid(state["u"] @ raw["K"].T)
        r = cell.decay * r + k @ raw["Vm"] / 9
        torch.testing.assert_close(state["Mm"].mean(1), r)


def test_heads_weigh_the_same_on_the_first_step_whatever_the_gates():
    cell, x = PublishedHyperAmn(2, 5, 1), noise(1, 1, 2)
    raw = drawn(cell)
    other = raw | {"G": 100 * raw["G"]}
    assert torch.equal(outputs(cell, raw, x), outputs(cell, other, x))


def test_the_store_of_the_slowest_head_grows_a_thousandfold():
    cell, x = PublishedHyperAmn(4, 16, 1), noise(1000, 4)
    course = states(cell, drawn(cell), x)
    energy = [float(course[t]["Mm"][:, 2].square().mean()) for t in (9, 99, 999)]
    assert energy[1] > 10 * energy[0]
    assert energy[2] > 10 * energy[1]


def test_the_liquid_step_of_the_workspace_only_scales_by_093():
    cell, x = PublishedSgwAmn(8), noise(1, 8)
    raw = drawn(cell)
    a = torch.nn.functional.gelu(x @ raw["Wi"].T, approximate="tanh")[0]
    best = (a.abs() * raw["Wc"].abs().sum(1)).argsort(descending=True)[:16]
    entering = a[best] @ raw["Wc"][best]
    left = (states(cell, raw, x)[0]["R"].diagonal(dim1=1, dim2=2) / 0.02).sqrt()
    assert (left / entering.abs()).min() > 0.9
    assert float((left / entering.abs()).mean()) == pytest.approx(0.93, abs=0.05)


@pytest.mark.parametrize(
    ("kind", "constant", "value", "valid"),
    [
        (PublishedAmrc, "beta", 1.05, r"\[0, 1\)"),
        (PublishedAmrc, "alpha", -3.0, r"\(0, 1\]"),
        (PublishedAmrc, "alpha", 0.0, r"\(0, 1\]"),
        (PublishedPmrc, "beta", 1.0, r"\[0, 1\)"),
        (PublishedPmrc, "alpha", 1.5, r"\(0, 1\]"),
        (PublishedPmrc, "omega", -0.1, r"\[0, 1\)"),
        (PublishedAmn, "dt", math.nan, r"\(0, 1\]"),
        (PublishedAmn, "decay", 1.01, r"\[0, 1\]"),
        (PublishedDtpn, "beta", math.inf, r"\[0, 1\)"),
        (PublishedDtpn, "alpha", 0.0, r"\(0, 1\]"),
        (PublishedDtpn, "decay", -0.5, r"\[0, 1\]"),
        (PublishedHyperAmn, "dt", 0.0, r"\(0, 1\]"),
        (PublishedSgwAmn, "dt", -0.1, r"\(0, 1\]"),
        (PublishedSgwAmn, "decay", math.nan, r"\[0, 1\]"),
        (PublishedNdm, "dt", 2.0, r"\(0, 1\]"),
    ],
)
def test_a_constant_out_of_its_range_is_refused(kind, constant, value, valid):
    told = rf"{constant} of {kind.__name__} must be in {valid}.*got {value}"
    with pytest.raises(ValueError, match=told):
        kind(2, 4, 1, **{constant: value})


def test_the_ends_of_a_range_that_belong_to_it_are_taken():
    assert PublishedAmrc(2, 4, 1, beta=0, alpha=1).alpha == 1
    assert PublishedAmn(2, 4, 1, dt=1.0, decay=0.0).dt == 1


def test_a_workspace_larger_than_its_candidates_is_refused():
    with pytest.raises(ValueError, match="workspace of 16 needs at least as many candidates"):
        PublishedSgwAmn(2, candidates=8)


def test_the_recurrent_weights_of_ndm_only_rise():
    cell, x = PublishedNdm(4, 16, 1), noise(1000, 4)
    course = torch.cat([state["dWh"].mean((1, 2)) for state in states(cell, drawn(cell), x)])
    assert (course.diff() > 0).all()
    assert course[-1] > 0.3


def test_the_weights_of_ndm_follow_their_traces():
    cell, x = PublishedNdm(1, 2, 1), noise(1, 1)
    raw = drawn(cell)
    d = torch.tanh(x @ raw["Wi"].T)
    grown = 0.1 * (0.05 * d.abs()).T @ (0.05 * (0.1 * d).abs()) - 1e-4 * raw["Wh"]
    torch.testing.assert_close(states(cell, raw, x)[0]["dWh"][0], 0.1 * raw["pi_h"] * grown)
