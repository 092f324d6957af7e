"""A tree of names goes through the protocols of every other medium: judged, drawn, destroyed."""

from functools import cache

import pytest
import torch
from hydra import compose, initialize_config_dir
from matplotlib.figure import Figure

from memlab.app.assembly import planned, prepared
from memlab.app.composer import plain
from memlab.app.schema import checked
from memlab.cli import conf_dir
from memlab.metrics.ladder import ladder
from memlab.metrics.recall import likeness
from memlab.report import evaluate
from memlab.runner import Progress, execute

NAMES = ["substrate=plastic_tree", "patterns=names", "patterns.order=random", "cue=prefix"]
SMALL = {
    "three_phase": ["patterns.sex=F", "patterns.then=M", "protocol.targets=3", "protocol.lures=2"],
    "capacity": ["protocol.ladder=[2,8]", "protocol.asked=2"],
    "stream": ["protocol.items=12", "substrate.decay=0.05"],
    "lesion": ["protocol.items=5", "protocol.shares=[0.0,0.5,1.0]"],
}
# Pictures of what a tree has not: scars, a matrix of weights, steps of its own in a recall.
NOT_OF_A_TREE = {"score_over_time", "scar_maps", "scar_growth", "weights", "courses"}


@cache
def ran(protocol):
    """The session of a small run, its report, and the figures there are."""
    words = [f"protocol={protocol}", *NAMES, "replicates=2", *SMALL[protocol]]
    with initialize_config_dir(str(conf_dir()), version_base="1.3"):
        settings = checked(plain(compose("config", overrides=words)))
    session = execute(planned(settings, protocol), Progress())
    instruments = prepared(settings)
    report = evaluate(session, {}, instruments.claims)
    return session, report, instruments.figures


@pytest.mark.parametrize("protocol", SMALL)
def test_every_claim_about_names_is_judged(protocol):
    session, report, _ = ran(protocol)
    assert session.complete
    assert report.verdicts
    assert all(verdict.effect is not None for verdict in report.verdicts)


@pytest.mark.parametrize("protocol", SMALL)
def test_every_figure_that_a_tree_of_names_can_have_is_drawn(protocol):
    session, report, figures = ran(protocol)
    drawn = {name for name, draw in figures.items() if isinstance(draw(session, report), Figure)}
    assert drawn == figures.keys() - NOT_OF_A_TREE


def test_a_tree_that_was_wholly_destroyed_completes_names_as_a_blank_one():
    session = ran("lesion")[0]
    hurt, blank = (
        ladder(session, axis="share", measure="hidden_pearson", control=c).values
        for c in (None, "blank")
    )
    assert torch.equal(hurt[:, -1], blank[:, -1])
    assert (hurt[:, 0] > blank[:, 0]).all()


def test_time_alone_takes_nothing_from_a_tree_without_decay():
    session = ran("three_phase")[0]
    before, after = (
        likeness(session, arm="idle", phase=phase, group="targets") for phase in ("before", "after")
    )
    assert torch.equal(before, after)
