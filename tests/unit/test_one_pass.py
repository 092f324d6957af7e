"""A language learned in one pass: what is asked, and what is measured of media known before."""

import math
from dataclasses import replace
from functools import partial

import pytest
import torch
from matplotlib.figure import Figure
from pydantic import ValidationError

from memlab import controls
from memlab.absent import Absent
from memlab.controls import Controls
from memlab.cues import Mask
from memlab.draws import Draws
from memlab.experiment import Experiment, prepare
from memlab.figures.forecasts import learning_curve, loss_bars, reliability_diagram, stretches
from memlab.foretelling import outlook
from memlab.metrics import forecasts, samples
from memlab.metrics.ladder import at_rung
from memlab.patterns.noise import Random
from memlab.patterns.strings import Strings
from memlab.plan import stages
from memlab.protocol import Foretell, Recall, Sample, Study
from memlab.protocols.one_pass import ORDERS, OnePass
from memlab.report import Report
from memlab.runner import Progress, execute
from memlab.session import Forecast, Samples, Session
from memlab.space import Space
from memlab.substrates.notebook import Notebook
from memlab.substrates.plastic_tree_published import PlasticTreePublished
from memlab.text import orders
from tests.unit.test_foretell import Letters

SMALL = OnePass(train=40, test=10, asked=(4, 20), block=16, prefixes=(0, 2), completed=5, samples=8)
NO_REPORT = Report({}, (), (), exploratory=True)
FLOORS = {"blank": controls.blank, "mean": controls.mean}
FORETOLD = {
    "blank": outlook.blank,
    "other": outlook.other,
    "uniform": outlook.uniform,
    "unigram": partial(outlook.ngram, order=1),
    "3-gram": partial(outlook.ngram, order=3),
}


STRINGS = Strings(letters=4, shortest=2, longest=6)


def run(substrate, protocol=SMALL, patterns=STRINGS):
    """The session of a pass over short strings."""
    asked = Experiment(
        seed=1,
        replicates=4,
        device=torch.device("cpu"),
        video=False,
        substrate=substrate,
        patterns=patterns,
        cue=Mask(keep=0.5),
        cues={},
        protocol=protocol,
        protocol_name="one_pass",
        controls=Controls(FLOORS, {"nearest": controls.nearest}, FORETOLD),
    )
    return execute(prepare(asked), Progress())


@pytest.fixture(scope="module")
def counted():
    """A medium that counts letters."""
    return run(Letters)


@pytest.fixture(scope="module")
def noted():
    """A medium that keeps every string."""
    return run(Notebook)


def test_a_pass_presents_every_item_once_in_blocks_that_end_where_the_test_is_asked():
    first, *others = SMALL.arms()
    spans = [act.span for phase in first.phases for act in phase.acts if isinstance(act, Study)]
    assert [list(span) for span in spans] == [
        list(range(a, b)) for a, b in ((0, 4), (4, 20), (20, 36), (36, 40))
    ]
    assert len(others) == 5
    spans = [act.span for phase in others[0].phases for act in phase.acts if isinstance(act, Study)]
    assert [span.stop for span in spans] == [16, 32, 40]


def test_patterns_with_a_plane_are_heard_in_every_order_as_the_strings_of_their_values():
    session = run(Notebook, replace(SMALL, prefixes=(2,), samples=0), Random(size=3))
    assert session.complete
    given = forecasts.prequential(session, arm="given")
    assert torch.equal(given, forecasts.prequential(session, arm="short_first"))
    assert not torch.equal(given, forecasts.prequential(session, arm="alphabetical"))


def test_the_first_arm_alone_is_asked_everything():
    kinds = [{type(act) for phase in arm.phases for act in phase.acts} for arm in SMALL.arms()]
    assert kinds[0] == {Study, Foretell, Recall, Sample}
    assert all(kind == {Study, Foretell} for kind in kinds[1:])


def test_no_two_orders_share_a_stage():
    assert all(len(stage.arms) == 1 for stage in stages(SMALL.arms()))


def test_the_orders_of_the_protocol_are_those_there_are():
    assert set(ORDERS) == set(orders.ORDERS)


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        ({"orders": ("given", "given")}, "name each one once"),
        ({"orders": ("loud",)}, "'given', 'alphabetical'"),
        ({"asked": (30, 10)}, "asked must go up"),
        ({"asked": (40,), "train": 40}, "asked must be below train=40"),
        ({"prefixes": (2, 2)}, "prefixes must go up"),
    ],
)
def test_a_pass_that_cannot_be_is_refused(words, complaint):
    with pytest.raises(ValidationError, match=complaint):
        OnePass(**words)


def test_a_counter_of_letters_is_nearly_a_unigram(counted):
    own = forecasts.loss(counted, arm="given")
    gram = forecasts.loss(counted, arm="given", control="unigram")
    assert own.allclose(gram, atol=0.02)
    assert forecasts.perplexity(counted, arm="given").allclose(own.exp())
    assert forecasts.certainty(counted, arm="given").equal(-own)


def test_a_counter_of_letters_is_better_calibrated_than_a_notebook(counted, noted):
    one, other = (forecasts.calibration_error(s, arm="given") for s in (counted, noted))
    assert (one < 0.03).all()
    assert (other > 2 * one).all()


def test_a_notebook_knows_what_it_read_and_nothing_else(noted):
    known = forecasts.loss(noted, arm="given", phase="ask known", group="train")
    held_out = forecasts.loss(noted, arm="given")
    assert (known < 0.7 * math.log(5)).all()
    assert (held_out > math.log(5)).all()
    read, new = (
        at_rung(noted, axis="prefix", x=2, measure="exact", group=g) for g in ("train", "test")
    )
    assert (read > new).all()


def test_what_was_counted_does_not_depend_on_the_order(counted):
    assert forecasts.order_spread(counted).allclose(torch.zeros(4).double(), atol=1e-9)


def test_a_pass_costs_what_its_items_cost(counted):
    written = counted.written("random", "study")
    nats = sum((e.series["surprise"].values * e.series["symbols"].values).sum(1) for e in written)
    symbols = sum(e.series["symbols"].values.sum(1) for e in written)
    assert forecasts.prequential(counted, arm="random").allclose(nats / symbols)
    gain = forecasts.order_gain(counted, order="random")
    given = forecasts.prequential(counted, arm="given")
    assert gain.allclose(given - nats / symbols)
    assert forecasts.order_gain(counted, order="given").equal(torch.zeros(4).double())


def test_the_last_tenth_of_a_pass_is_its_end(counted):
    last = counted.written("given", "study")[-1].series
    nats, symbols = (last["surprise"].values * last["symbols"].values), last["symbols"].values
    expected = nats.sum(1) / symbols.sum(1)  # the last block holds four of forty
    assert forecasts.prequential(counted, arm="given", last=0.1).allclose(expected)


def test_the_loss_falls_on_the_way(counted):
    found = forecasts.loss_by_items(counted, arm="given")
    assert found.x == (4, 20, 40)
    assert found.values.mean(0).diff().max() < 0
    assert found.values[:, -1].equal(forecasts.loss(counted, arm="given"))


def test_stretches_of_a_pass_cover_all_of_it():
    one = forecasts.Pass(torch.ones(2, 137).double(), torch.full((2, 137), 5.0).double())
    x, values = stretches(one)
    assert values.allclose(torch.ones(2, len(x)).double())
    assert 0 < x[0] < x[-1] < 138


def test_the_memory_of_the_same_strings_is_no_floor():
    patterns = torch.rand(2, 5, 3)
    same = patterns[:1].expand(2, -1, -1)
    assert outlook.alike(same, Draws(1, (0, 1)))
    assert not outlook.alike(patterns, Draws(1, (0, 1)))


def test_a_symbol_without_a_chance_leaves_no_loss():
    session = made(surprise=torch.tensor([[[1.0, math.inf, torch.nan]]]))
    found = forecasts.loss(session, arm="a")
    assert isinstance(found, Absent)
    assert "no chance at all in 1 of 1 replicates" in found.reason


def test_padding_counts_for_nothing_in_a_loss():
    session = made(surprise=torch.tensor([[[1.0, 3.0, torch.nan]]]))
    assert forecasts.loss(session, arm="a").tolist() == [2.0]


def test_the_share_that_leaked_is_what_is_in_both_groups():
    session = made()
    session.patterns[0, 1] = session.patterns[0, 0]
    assert forecasts.leaked(session).tolist() == [1.0]


def test_samples_are_told_apart():
    said = [[1, 2, 0], [2, 2, 0], [1, 0, 0], [1, 0, 0], [1, 1, 1], [0, 0, 0]]
    values = torch.tensor([said]).float()
    session = made()
    session.samples.append(
        Samples(("a",), "speak", values, (values == 0).any(-1), torch.tensor([[1, 2]]).int())
    )
    assert samples.validity(session, arm="a").tolist() == [4 / 6]
    assert samples.novelty(session, arm="a").tolist() == [3 / 4]  # 2 2 was presented
    assert samples.uniqueness(session, arm="a").tolist() == [3 / 4]
    assert samples.found_again(session, arm="a").tolist() == [1 / 3]  # 1 2 was held out


def test_what_orders_cost_is_drawn_as_paired_differences_from_the_given_one(counted):
    right = learning_curve(counted, NO_REPORT).axes[1]
    dots = {(round(float(y), 2), m): float(x[0]) for x, y, m in _dots(right)}
    cost = {order: forecasts.prequential(counted, arm=order) for order in ORDERS}
    for place, order in enumerate(reversed(ORDERS)):
        more = float((cost[order] - cost["given"]).mean())
        assert dots[place + 0.12, "o"] == pytest.approx(more, abs=1e-12)
        assert dots[place - 0.12, "D"] == pytest.approx(0, abs=1e-12)  # counts know no order
    told = right.get_legend().get_texts()[0].get_text()
    assert told == f"the whole pass: {float(cost['given'].mean()):.3f} in the order given"


def _dots(axes):
    """Where and what the markers of an axes are."""
    return [
        (line.get_xdata(), line.get_ydata()[0], line.get_marker())
        for line in axes.lines
        if line.get_marker() in {"o", "D"} and len(line.get_xdata())
    ]


def test_perplexity_is_that_of_the_medium_or_of_a_floor(counted):
    assert forecasts.perplexity(counted, arm="given", control="uniform").tolist() == pytest.approx(
        [counted.space.symbols] * 4
    )
    own, floor = (
        forecasts.loss(counted, arm="given", control=control) for control in (None, "3-gram")
    )
    for control, nats in ((None, own), ("3-gram", floor)):
        assert torch.equal(forecasts.perplexity(counted, arm="given", control=control), nats.exp())


def test_what_was_not_said_or_foretold_is_absent(counted):
    assert isinstance(samples.validity(counted, arm="random"), Absent)
    assert isinstance(forecasts.loss(counted, arm="given", phase="later"), Absent)
    assert isinstance(forecasts.loss(counted, arm="given", control="5-gram"), Absent)
    assert isinstance(forecasts.prequential(counted, arm="loud"), Absent)


def made(surprise=None):
    """One replicate of the strings 1 2, 2 2 and 2 1; the first was held out, and foretold."""
    nats = torch.ones(1, 1, 3) if surprise is None else surprise
    nothing = torch.zeros(1, 3, 21)
    return Session(
        Space((3,), 3, ends=True),
        seed=0,
        replicates=(0,),
        protocol="hand-made",
        names=("a", "b", "c"),
        groups={"test": (0,), "train": (1, 2)},
        patterns=torch.tensor([[[1, 2, 0], [2, 2, 0], [2, 1, 0]]]).float(),
        salience=torch.ones(1, 3),
        floors=(),
        ceilings=(),
        forecasts=[
            Forecast(("a",), "ask", (0,), torch.zeros(1, 0), nats.double(), {}, {}, nothing)
        ],
    )


def test_a_medium_that_holds_what_came_to_be_impossible_is_drawn_as_far_as_can_be():
    session = run(PlasticTreePublished)
    assert isinstance(forecasts.loss(session, arm="given"), Absent)
    assert isinstance(loss_bars(session, NO_REPORT, arm="given"), Absent)
    assert "impossible" in learning_curve(session, NO_REPORT).reason
    assert isinstance(reliability_diagram(session, NO_REPORT, arm="given"), Figure)
