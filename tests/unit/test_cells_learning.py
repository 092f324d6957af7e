import pytest
import torch

from memlab.cells import CELLS
from memlab.cells.cell import run
from memlab.cells.equations.amrc import Amrc
from memlab.cells.equations.ndm import Ndm
from memlab.cells.tasks import Trials, r2, recall

LEARNERS = {name: kind(inputs=1, hidden=12, outputs=1) for name, kind in CELLS.items()}
LEARNERS["amrc"] = Amrc(inputs=1, hidden=12, outputs=1, rank=4)


@pytest.fixture(autouse=True)
def one_thread():
    """Steps of a few units are slower on two threads than on one."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def learned(cell, source, steps=100):
    """Raw parameters after steps of Adam on mini-batches."""
    draws = torch.Generator().manual_seed(1)
    raw = {name: values.requires_grad_() for name, values in cell.initial(draws).items()}
    adam = torch.optim.Adam(raw.values(), lr=0.02)
    for _ in range(steps):
        adam.zero_grad()
        answer, target = answers(cell, raw, source(draws))
        (answer - target).square().mean().backward()
        adam.step()
    return raw


def answers(cell, raw, trials):
    """What was answered and what was asked for, where it counts."""
    y, _ = run(cell, raw, cell.blank(len(trials.x), trials.x), trials.x)
    return y[trials.counts], trials.target[trials.counts]


@pytest.mark.parametrize("name", LEARNERS)
def test_every_cell_learns_to_say_what_came_in_before(name):
    """Without memory R² is 0. Where SGW gets to so soon depends on the last bits of a machine."""
    cell = LEARNERS[name]
    task = recall(1)
    raw = learned(cell, task.train)
    with torch.no_grad():
        found = r2(*answers(cell, raw, task.held(torch.Generator().manual_seed(2))))
    assert found > (0.2 if name == "sgw_amn" else 0.8)


def test_ndm_holds_a_plain_map_that_it_was_published_to_lose():
    def halves(generator):
        x = torch.rand((16, 20, 2), generator=generator) * 2 - 1
        return Trials(x, 0.5 * x[..., :1], torch.ones((16, 20), dtype=torch.bool))

    cell = Ndm(inputs=2, hidden=12, outputs=1)
    raw = learned(cell, halves)
    with torch.no_grad():
        long = torch.rand((1, 5000, 2), generator=torch.Generator().manual_seed(3)) * 2 - 1
        y, _ = run(cell, raw, cell.blank(1, long), long)
    loss = (y - 0.5 * long[..., :1]).square()
    assert loss.mean() < 0.05 * (0.25 / 3)
    assert loss[:, -500:].mean() < 0.05 * (0.25 / 3)
