"""What the pictures of concepts say beside their curves."""

import numpy as np
import torch
from matplotlib.figure import Figure

from memlab.absent import Absent
from memlab.claims import Status, Verdict
from memlab.figures import concepts
from memlab.figures.doses import diverged_at, headed, or_not_finite
from memlab.report import Report
from memlab.session import Recall, Session
from memlab.space import Cue, Space


def report(*verdicts):
    return Report({}, verdicts, (), exploratory=False)


def recall(axis, x, activity):
    """Four items of 8 units, in two replicates, with this activity ``(4, 8)`` in both."""
    truth = torch.zeros(2, 4, 2)
    cue = Cue(truth, truth == 0, truth == 0)
    return Recall(
        arms=("taught",),
        phase=f"{axis} {x}",
        items=(0, 1, 2, 3),
        presented=(),
        truth=truth,
        cue=cue,
        response=torch.full((2, 4, 2, 5), 0.2),
        controls={},
        absent={},
        series={},
        at={axis: float(x)},
        activity=activity.expand(2, 4, 8),
    )


def session(*recalls):
    return Session(
        space=Space((2,), 5),
        seed=0,
        replicates=(0, 1),
        protocol="concepts",
        names=("a", "b", "c", "d"),
        groups={"concept": (0,), "interferer": (1,), "never_shown": (2,), "others": (3,)},
        patterns=torch.zeros(2, 4, 2),
        salience=torch.ones(2, 4),
        floors=(),
        ceilings=(),
        recalls=list(recalls),
    )


ALIVE = torch.eye(4).repeat_interleave(2, 1)  # two of 8 units each
DEAD = torch.full((4, 8), float("nan"))


def said(figure):
    texts = [text.get_text() for axes in figure.axes for text in axes.texts]
    return texts + [line.get_label() for axes in figure.axes for line in axes.lines]


def test_a_title_brings_the_published_sentence_and_its_verdict():
    verdict = Verdict("R5", "ours", Status.NOT_SHOWN, "", published="it persists")
    ours = Verdict("mine", "ours", Status.HOLDS, "")
    title = headed(report(verdict, ours), ["R5", "mine"], "R5: does it?")
    assert title == "R5: does it?\npublished “it persists”: not shown"


def test_the_line_of_sparsity_comes_from_winners_and_units_not_from_what_is_measured():
    dead = session(recall("acquired", 0, DEAD), recall("acquired", 1, DEAD))
    assert "1 - k/H = 1 - 2/8 = 0.7500" in said(concepts.silence(dead, report(), winners=2))
    alive = session(recall("acquired", 0, ALIVE), recall("acquired", 1, DEAD))
    assert "1 - k/H = 1 - 2/8 = 0.7500" in said(concepts.silence(alive, report()))


def test_an_overlap_of_dead_units_is_said_not_to_be_finite_and_chance_stays():
    run = session(recall("acquired", 0, ALIVE), recall("interfered", 1, DEAD))
    figure = concepts.overlap(run, report())
    assert "H = 8\nnot finite" in said(figure)
    chance = [one for one in figure.axes[0].lines if one.get_linestyle() == "--"]
    assert list(chance[0].get_ydata()) == [0.5, 0.5]


def test_a_run_that_ended_before_the_other_concept_says_so():
    run = session(recall("acquired", 0, ALIVE))
    for draw in (concepts.overlap, concepts.persistence):
        found = draw(run, report())
        assert isinstance(found, Absent)
        assert found.reason == "the run ended before B was met"


def test_an_empty_panel_says_that_nothing_is_finite():
    empty, drawn = Figure().subplots(1, 2)
    empty.plot([1, 2], [np.nan, np.inf])
    drawn.plot([1, 2], [np.nan, 1])
    for axes in (empty, drawn):
        or_not_finite(axes)
    assert [text.get_text() for text in empty.texts] == ["not finite"]
    assert not drawn.texts


def test_a_divergence_is_where_the_first_replicate_leaves_all_bounds():
    assert diverged_at(np.array([[1.0, 1], [1e29, 1e31], [np.nan, np.inf]])) == 2
    assert diverged_at(np.array([[1.0, np.nan]])) == 1
    assert diverged_at(np.array([[1.0, 1e29]])) is None
    assert diverged_at(np.empty((0, 0))) is None
