"""What every substrate promises, whatever it is made of."""

import re

import pytest
import torch

from memlab.draws import Draws
from memlab.similarity import pearson
from memlab.space import Cue, Space
from memlab.substrate import Engram, Meter, Role, Substrate
from tests.contract.conftest import NAMES, Bench, holds_pairs, substrate_of

WORN = {  # media that no half-given plane can be asked of
    "pmrc state": "the state of 32 units does not outlast a pattern of 256 values",
    "plastic_tree_published": "only a beginning at which paths part is answered",
}
SHUFFLES = 4  # of a memory of pairs: a sure guess at one of six values is right by chance at times
FORGETS = {"no_memory"}  # media that are meant to remember nothing
# A shuffled scar field keeps alight most of what a half-given pattern lit: much of such a recall is
# the scars' statistics and not their places. The controls say how much; here it must be the lesser.
# Couplings of neighbours too: in solid shapes most agree, and that alone fills holes.
PARTLY_STATISTICAL = {"gray_scott", "gray_scott_graded", "gray_scott_published", "kuramoto_local"}


def scores(bench: Bench, engram: Engram) -> torch.Tensor:
    """How well the hidden half of the first two items is recalled, Pearson ``(R, 2)``."""
    cue = bench.masked(2)
    response = bench.read(engram, cue).response
    truth = torch.stack([bench.pattern(0), bench.pattern(1)], dim=1)
    return torch.stack(
        [
            torch.stack(
                [
                    pearson(x[~m].flatten(), t[~m].flatten(), (0,))
                    for x, t, m in zip(*rows, strict=True)
                ]
            )
            for rows in zip(response, bench.space.as_response(truth), cue.certain, strict=True)
        ]
    )


def test_writing_changes_memory_unless_the_medium_is_meant_to_forget(bench):
    changed = bench.written(1).digest() != bench.blank().digest()
    assert changed == (bench.name not in FORGETS)


def test_writing_leaves_the_body_alone(bench):
    before, after = bench.blank(), bench.written(2)
    body = [name for name, part in before.parts.items() if part.role is Role.BODY]
    assert all(torch.equal(before[name], after[name]) for name in body)
    assert {n: p.role for n, p in before.parts.items()} == {
        n: p.role for n, p in after.parts.items()
    }


def test_reading_leaves_every_byte_of_the_engram(bench):
    engram = bench.written(2)
    before = engram.digest()
    bench.read(engram, bench.masked(2))
    assert engram.digest() == before


@pytest.mark.parametrize("bench", [n for n in NAMES if holds_pairs(n)], indirect=True)
def test_foretelling_gives_chances_and_leaves_every_byte_of_the_engram(bench):
    engram = bench.written(2)
    before = engram.digest()
    patterns = torch.stack([bench.pattern(0), bench.pattern(1)], dim=1)
    chances = bench.substrate.foretell(engram, patterns, bench.draws.at("foretell"), Meter())
    assert engram.digest() == before
    assert chances.shape == (3, 2, bench.space.size, bench.space.symbols)
    assert (chances > 0).all()
    assert chances.sum(-1).allclose(torch.ones(()).to(chances), atol=1e-5)


def test_a_copied_engram_is_a_copied_memory(bench):
    engram = bench.written(2)
    copied = engram.copy()
    cue = bench.masked(2)
    assert torch.equal(bench.read(engram, cue).response, bench.read(copied, cue).response)


def test_a_copied_engram_is_independent(bench):
    engram = bench.written(1)
    copied, before = engram.copy(), engram.digest()
    bench.write(copied, 1)
    assert engram.digest() == before


def test_the_same_seed_gives_the_same_bytes(bench):
    first, second = bench.written_now(2), bench.written_now(2)
    assert first.digest() == second.digest()
    cue = bench.masked(2)
    assert torch.equal(bench.read(first, cue).response, bench.read(second, cue).response)


def test_garbage_where_nothing_was_given_changes_nothing(bench):
    engram, cue = bench.written(2), bench.masked(2)
    dirty = Cue(torch.where(cue.given, cue.values, 1.0), cue.given, cue.certain)
    assert torch.equal(bench.read(engram, cue).response, bench.read(engram, dirty).response)


def test_replicate_0_does_not_depend_on_how_many_there_are(bench):
    alone = bench.with_replicates(1)
    many, one = bench.written(2), alone.written(2)
    for name in many.memory():
        torch.testing.assert_close(many[name][:1], one[name], rtol=1e-5, atol=1e-6)
    answers = bench.read(many, bench.masked(2)).response, alone.read(one, alone.masked(2)).response
    torch.testing.assert_close(answers[0][:1], answers[1], rtol=1e-4, atol=1e-4)


def test_an_answer_does_not_depend_on_the_other_cues(bench):
    engram, cue = bench.written(2), bench.masked(2)
    together = bench.read(engram, cue).response[:, 1:]
    alone = bench.read(engram, cue.part(1, 2)).response
    torch.testing.assert_close(together, alone, rtol=1e-4, atol=1e-4)


def test_a_write_of_salience_0_is_one_presentation_of_rest(bench):
    written, rested = bench.written(1), bench.written(1)
    bench.write(written, 1, salience=0.0)
    bench.substrate.rest(rested, 1, bench.draws.at("rest"), Meter())
    assert written.digest() == rested.digest()


def test_writing_beats_the_blank_on_half_given_patterns(bench):
    if bench.name in WORN:
        pytest.skip(WORN[bench.name])
    gain = scores(bench, bench.written(2)) - scores(bench, bench.blank())
    assert gain.mean() == 0 if bench.name in FORGETS else gain.mean() > 0.2


def test_scrambling_destroys_the_memory(bench):
    engram = bench.written(2)
    orders = range(SHUFFLES if holds_pairs(bench.name) else 1)
    each = [bench.substrate.scramble(engram, bench.draws.at("scramble", n)) for n in orders]
    own, left = scores(bench, engram), torch.stack([scores(bench, one) for one in each])
    if bench.name in FORGETS:
        assert torch.equal(left[0], own)
    elif bench.name in PARTLY_STATISTICAL:
        assert left.mean() < own.mean() - 0.03
    elif holds_pairs(bench.name):
        assert left.mean() < 0.5 * own.mean()
    else:
        assert left.mean() < 0.3 * own.mean()


def test_a_hundred_writes_stay_finite(bench):
    engram = bench.blank()
    for k in range(100):
        bench.write(engram, k)
    assert all(part.values.isfinite().all() for part in engram.parts.values())
    assert bench.read(engram, bench.masked(2)).response.isfinite().all()


class Interrupted(Exception):
    """Somebody pressed Ctrl-C."""


def test_an_interrupted_write_leaves_the_snapshot(bench, monkeypatch):
    engram = bench.written(1)
    snapshot, meter = engram.copy(), Meter()

    def interrupt(self, steps):
        raise Interrupted

    monkeypatch.setattr(Meter, "tick", interrupt)
    with pytest.raises(Interrupted):
        bench.substrate.write(engram, bench.item(1), bench.draws.at("write", 1), meter)
    monkeypatch.undo()
    bench.write(snapshot, 1)
    assert snapshot.digest() == bench.written_now(2).digest()


def test_bytes_count_what_the_memory_holds(bench):
    one, two = bench.written(1).bytes(), bench.written(2).bytes()
    assert (two >= one).all()
    assert ((two > 0) == (bench.name not in FORGETS)).all()


def held(name: str, space: Space) -> Substrate | str:
    """The medium, or why it cannot hold these patterns."""
    try:
        return substrate_of(name, space)
    except ValueError as refusal:
        return str(refusal)


@pytest.mark.parametrize(
    "space", [Space((7,)), Space((4, 4), 5), Space((3, 3, 3)), Space((8, 4), None)]
)
@pytest.mark.parametrize("name", NAMES)
def test_a_space_is_held_or_refused_by_name(name, space):
    substrate = held(name, space)
    if isinstance(substrate, str):
        assert re.search(f"holds .*got {re.escape(str(space))}", substrate)
        return
    draws = Draws(seed=0, replicates=(0,))
    engram = substrate.blank(draws)
    values = torch.zeros((1, 1, *space.shape))
    given = torch.ones_like(values, dtype=torch.bool)
    response = substrate.read(engram, Cue(values, given, given), draws, Meter()).response
    assert response.shape == (1, 1, *space.response_shape)


def test_responses_are_probabilities(bench):
    for engram in (bench.blank(), bench.written(2)):
        response = bench.read(engram, bench.masked(2)).response
        assert response.shape == (3, 2, *bench.space.response_shape)
        assert response.min() >= 0
        assert response.max() <= 1


def test_probabilities_of_several_symbols_sum_to_1():
    space = Space((6,), 4)
    notebook = substrate_of("notebook", space)
    draws = Draws(seed=0, replicates=(0,))
    given = torch.ones((1, 1, 6), dtype=torch.bool)
    cue = Cue(torch.tensor([[[0.0, 1, 2, 3, 0, 1]]]), given, given)
    response = notebook.read(notebook.blank(draws), cue, draws, Meter()).response
    torch.testing.assert_close(response.sum(-1), torch.ones(1, 1, 6))


def test_a_lesion_of_nothing_changes_nothing_and_one_of_all_leaves_the_values_of_a_blank(bench):
    engram, blank = bench.written(2), bench.blank()
    before = engram.digest()
    bench.substrate.lesion(engram, blank, 0.0, bench.draws.at("lesion"))
    assert engram.digest() == before
    bench.substrate.lesion(engram, blank, 1.0, bench.draws.at("lesion"))
    for name, part in engram.memory().items():
        first = torch.zeros_like(part.values) if part.grows else blank[name]
        assert torch.equal(part.values, first)


def test_a_larger_lesion_destroys_what_a_smaller_one_does(bench):
    memory = bench.written(2)
    little, much = memory.copy(), memory.copy()
    for engram, share in ((little, 0.2), (much, 0.6)):
        bench.substrate.lesion(engram, bench.blank(), share, bench.draws.at("lesion"))
    for name, values in ((name, memory[name]) for name in memory.memory()):
        spared = much[name] == values
        assert torch.equal(little[name][spared], values[spared])


def test_an_engram_is_as_large_as_was_said_beforehand(bench):
    said = bench.substrate.footprint()
    parts = bench.blank().parts.values()
    assert said in (0, sum(p.values[0].numel() * p.values.element_size() for p in parts))
