"""Symbols foretold from those before them, studied in one pass, and spoken."""

import math
from dataclasses import dataclass
from functools import partial
from typing import final

import pytest
import torch

from memlab import archive, controls
from memlab.controls import Controls
from memlab.cues import Mask
from memlab.draws import Draws
from memlab.experiment import Experiment, prepare
from memlab.foretelling import outlook
from memlab.foretelling.chances import DOUBT, surprise
from memlab.foretelling.reliability import BINS, reliability
from memlab.patterns.noise import Random
from memlab.patterns.source import PatternSource, numbered, replicated
from memlab.position import Position
from memlab.protocol import Arm, Foretell, Phase, Protocol, Recall, Sample, Study, Write
from memlab.runner import Progress, execute, played
from memlab.space import Item, Space
from memlab.substrate import Engram, Meter, Part, Readout, Substrate
from memlab.substrates.notebook import Notebook
from memlab.text.picking import picked, sharpened
from memlab.text.sampling import sampled

WORDS = Space((6,), 5, ends=True)
FORETOLD = {
    "blank": outlook.blank,
    "scrambled": outlook.scrambled,
    "other": outlook.other,
    "uniform": outlook.uniform,
    "bigram": partial(outlook.ngram, order=2),
}
FLOORS = {"blank": controls.blank, "mean": controls.mean}


@final
@dataclass(frozen=True)
class Words(PatternSource):
    """Random distinct words of one to five of four letters."""

    salience: float = 1.0

    @property
    def space(self):
        return WORDS

    def draw(self, count, draws):
        def own(of):
            letters = 1 + of.integers("letters", 4, (40 * count, 6))[0]
            lengths = 1 + of.integers("lengths", 5, (40 * count,))[0]
            words = torch.where(torch.arange(6) < lengths[:, None], letters, 0)
            rows = dict.fromkeys(map(tuple, words.tolist()))
            return torch.tensor([*rows][:count])

        return replicated(own, draws)

    def names(self, count):
        return numbered("word", count)


@final
@dataclass(frozen=True)
class Asked(Protocol):
    """One arm of these phases over so many items."""

    count: int
    phases: tuple[Phase, ...]

    def groups(self):
        return {"items": self.count}

    def arms(self):
        return (Arm("told", self.phases),)


@final
@dataclass(frozen=True)
class Letters(Substrate):
    """Counts letters, wherever they stand: foretells by a read alone."""

    space: Space

    def blank(self, draws):
        return Engram({"counts": Part(torch.ones(len(draws.replicates), self.space.symbols))})

    def write(self, engram, item, draws, meter):
        one_hot = torch.nn.functional.one_hot(item.values.long(), self.space.symbols)
        told = (one_hot * item.valid[..., None]).flatten(1, -2).sum(1)
        engram["counts"] = engram["counts"] + item.salience[:, None] * told

    def read(self, engram, cue, draws, meter):
        share = engram["counts"] / engram["counts"].sum(1, keepdim=True)
        shape = (*cue.values.shape, self.space.symbols)
        return Readout(share[:, None, None].expand(shape))

    def rest(self, engram, presentations, draws, meter):
        pass


def asked(phases, count=8, substrate=Letters, patterns=None, replicates=3):
    """A plan over words, or other patterns."""
    return prepare(
        Experiment(
            seed=1,
            replicates=replicates,
            device=torch.device("cpu"),
            video=False,
            substrate=substrate,
            patterns=patterns or Words(),
            cue=Mask(keep=0.5),
            cues={},
            protocol=Asked(count, phases),
            protocol_name="test",
            controls=Controls(FLOORS, {}, FORETOLD),
        )
    )


ITEMS = tuple(range(8))
PASS = (
    Phase("study", (Study(ITEMS, "random", 0, 5), Study(ITEMS, "random", 5))),
    Phase("ask", (Foretell((0, 1), at=(("items", 8.0),)),)),
    Phase("speak", (Sample(4),)),
    Phase("recall", (Recall((0,)),)),
)


@pytest.fixture(scope="module")
def told():
    """The session of a small pass."""
    return execute(asked(PASS), Progress())


DRAWS = Draws(1, (0, 1, 2))
WORD = torch.tensor([[[1, 2, 0, 0, 0, 0.0]], [[3, 3, 3, 0, 0, 0]], [[4, 0, 0, 0, 0, 0]]])


def test_chances_are_what_a_read_says_of_the_next_place_less_some_doubt():
    medium = Notebook(WORDS)
    engram = medium.blank(DRAWS)
    item = Item(WORD[:, 0], WORDS.valid(WORD[:, 0]), torch.ones(3))
    medium.write(engram, item, DRAWS, Meter())
    chances = medium.foretell(engram, WORD, DRAWS, Meter())
    own = chances.gather(-1, WORD.long()[..., None])[..., 0]
    sure = 1 - DOUBT + DOUBT / 5
    assert own[WORDS.valid(WORD)].allclose(torch.tensor(sure))
    assert chances[0, 0, 4].allclose(torch.tensor(1 / 5))  # padding


def test_chances_add_up_to_one_for_binary_patterns_too():
    space = Space((3, 3), 2)
    medium, patterns = Notebook(space), torch.ones(3, 2, 3, 3)
    chances = medium.foretell(medium.blank(DRAWS), patterns, DRAWS, Meter())
    assert chances.shape == (3, 2, 9, 2)
    assert chances.allclose(torch.tensor(0.5))


def test_foretelling_leaves_every_byte_of_the_engram():
    medium = Notebook(WORDS)
    engram = medium.blank(DRAWS)
    medium.write(engram, Item(WORD[:, 0], WORDS.valid(WORD[:, 0]), torch.ones(3)), DRAWS, Meter())
    before = engram.digest()
    medium.foretell(engram, WORD, DRAWS, Meter())
    assert engram.digest() == before


def test_only_what_came_before_counts():
    medium = Notebook(WORDS)
    engram = medium.blank(DRAWS)
    medium.write(engram, Item(WORD[:, 0], WORDS.valid(WORD[:, 0]), torch.ones(3)), DRAWS, Meter())
    other = WORD.clone()
    other[:, :, 1] = torch.where(other[:, :, 1] > 0, 4.0, other[:, :, 1])
    first, second = (medium.foretell(engram, x, DRAWS, Meter())[:, :, :2] for x in (WORD, other))
    assert torch.equal(first, second)


def test_a_study_does_what_as_many_writes_do():
    medium = Letters(WORDS)
    values = WORD.expand(-1, 3, -1)
    items = Item(values, WORDS.valid(values), torch.ones(3, 3))
    studied, written = (medium.blank(DRAWS) for _ in range(2))
    nats = medium.study(studied, items, DRAWS, Meter())
    for n in range(3):
        before = medium.foretell(written, WORD, DRAWS, Meter())
        expected = surprise(before, WORD, WORDS).nansum(-1)[:, 0]
        assert nats[:, n].allclose(expected)
        one = Item(values[:, n], items.valid[:, n], torch.ones(3))
        medium.write(written, one, DRAWS.at(n), Meter())
    assert studied.digest() == written.digest()


def test_an_item_of_no_salience_is_foretold_and_not_learned():
    medium = Letters(WORDS)
    engram = medium.blank(DRAWS)
    nats = medium.study(engram, Item(WORD, WORDS.valid(WORD), torch.zeros(3, 1)), DRAWS, Meter())
    assert engram.digest() == medium.blank(DRAWS).digest()
    assert nats[0, 0] == pytest.approx(3 * math.log(5))


def test_a_study_logs_the_nats_per_symbol_of_each_item_at_its_place(told):
    first, second = told.written("told", "study")
    assert [first.presentations, second.presentations] == [5, 3]
    assert second.series["surprise"].steps.tolist() == [5, 6, 7]
    assert first.series["surprise"].values[:, 0].allclose(torch.tensor(math.log(5)).double())
    assert first.series["symbols"].values.shape == (3, 5)


def test_spans_of_a_study_present_every_item_once_and_each_replicate_has_its_order(told):
    presented = told.forecasts[0].presented
    assert all(sorted(row) == list(ITEMS) for row in presented.tolist())
    assert not torch.equal(presented[0], presented[1])
    assert told.recalls[0].presented == ITEMS


def test_a_forecast_holds_nothing_on_padding_and_a_number_elsewhere(told):
    forecast = told.forecasts[0]
    valid = WORDS.valid(told.patterns[:, [0, 1]])
    for nats in (forecast.surprise, *forecast.controls.values()):
        assert torch.equal(nats.isfinite(), valid)
        assert nats.isnan().sum() == (~valid).sum()
    assert set(forecast.controls) == set(FORETOLD)
    assert forecast.controls["uniform"][valid].allclose(torch.tensor(math.log(5)).double())


def test_floors_of_forecasts_are_floors_of_the_session(told):
    assert told.floors == ("blank", "mean", "scrambled", "other", "uniform", "bigram")


def test_reliability_counts_every_symbol_at_every_place_once(told):
    forecast = told.forecasts[0]
    valid = WORDS.valid(told.patterns[:, [0, 1]]).sum((1, 2)).double()
    chances, came, count = forecast.reliability.unbind(1)
    assert count.shape == (3, BINS)
    assert torch.equal(count.sum(1), 5 * valid)
    assert torch.equal(came.sum(1), valid)
    assert chances.sum(1).allclose(valid)


def test_reliability_puts_a_chance_where_it_belongs():
    chances = torch.tensor([[[[0.9, 0.1, 0.00001]]]])
    found = reliability(chances, torch.tensor([[[0]]]), torch.tensor([[[True]]]))
    assert found[0, 1, -1] == 1
    assert found[0, 2, 0] == 1
    assert found[0, 0, -1] == pytest.approx(0.9)


def test_progress_counts_every_act_and_floor():
    plan, progress = asked(PASS), Progress()
    execute(plan, progress)
    assert progress.done == progress.total == 5 + len(FORETOLD) + len(FLOORS)


def test_a_session_comes_back_from_its_file(told, tmp_path):
    back = archive.load(archive.save(told, tmp_path / "session.npz"))
    assert (
        back.forecasts[0].surprise.nan_to_num(-1).equal(told.forecasts[0].surprise.nan_to_num(-1))
    )
    assert back.samples[0].values.equal(told.samples[0].values)
    assert back.forecasts[0].at == {"items": 8.0}


def test_a_run_goes_on_within_a_forecast_with_the_same_bits(told, tmp_path):
    plan = asked(PASS)
    for position in played(plan, Progress(), Position(plan.session)):
        if position.recall is not None and len(position.recall.controls) == 2:
            break
    kept = archive.read(archive.save(position, tmp_path / "position.npz"), Position)
    again, progress = asked(PASS), Progress()
    for _ in played(again, progress, kept):
        pass
    assert progress.done == progress.total
    names = [(tmp_path / f"{n}.npz", s) for n, s in (("one", told), ("two", again.session))]
    assert len({archive.save(s, path).read_bytes() for path, s in names}) == 1


def test_a_single_replicate_has_no_other_memory():
    session = execute(asked(PASS[:2], replicates=1), Progress())
    assert "two replicates" in session.forecasts[0].absent["other"]


def test_graded_patterns_are_refused_before_anything_runs():
    with pytest.raises(ValueError, match=r"foretold of patterns of symbols, got 16×16, graded"):
        asked(PASS[1:2], patterns=Random(size=16, level=0.5))


def test_what_was_written_and_what_was_studied_counts_as_shown():
    learn = Phase("learn", (Write(7), Study((0, 1)), Write(7)))
    session = execute(asked((learn, PASS[1])), Progress())
    assert session.forecasts[0].presented.tolist() == [[7, 0, 1, 7]] * 3


def test_samples_follow_the_chances():
    medium = Letters(Space((8,), 3))
    engram = medium.blank(DRAWS)
    engram["counts"] = torch.tensor([[1.0, 2.0, 5.0]]).expand(3, -1)
    values, ended = sampled(medium, engram, 200, DRAWS, Meter())
    share = torch.stack([(values == s).double().mean((1, 2)) for s in range(3)], 1)
    assert share.allclose(torch.tensor([[1, 2, 5]]).double() / 8, atol=0.05)
    assert ended.all()


def test_what_follows_the_end_of_a_sample_is_padding(told):
    found = told.samples[0]
    assert found.values.shape == (3, 4, 6)
    ended = (found.values == 0).any(-1)
    assert torch.equal(found.ended, ended)
    assert (~WORDS.valid(found.values) <= (found.values == 0)).all()


def test_a_sample_without_temperature_is_the_likeliest():
    chances = torch.tensor([0.2, 0.5, 0.3]).double()
    assert sharpened(chances, 0.0, None).tolist() == [0, 1, 0]
    assert sharpened(chances, 1.0, 2).tolist() == pytest.approx([0, 0.625, 0.375])
    assert sharpened(chances, 0.5, None).tolist() == pytest.approx([4 / 38, 25 / 38, 9 / 38])


def test_a_symbol_without_a_chance_is_never_drawn():
    chances = torch.tensor([0.0, 0.5, 0.0, 0.5, 0.0])
    found = picked(chances, torch.tensor([0.0, 0.4999, 0.5, 0.99999]))
    assert found.tolist() == [1, 1, 3, 3]
