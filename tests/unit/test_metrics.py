"""Metrics on answers whose scores are known by hand."""

import math
from functools import partial

import pytest
import torch
from scipy.ndimage import gaussian_filter

from memlab.absent import Absent
from memlab.metrics import interference, memory, recall, spatial
from memlab.session import Session
from memlab.space import Cue, Space
from tests.unit.sessions import asked_once, blobs, half_cue, three_phase

HERE = {"arm": "written", "phase": "recall", "group": "targets"}
AFTER = {"arm": "interfered", "phase": "after", "group": "targets"}


def mean(session: Session, measure: str, **where) -> float:
    found = recall.likeness(session, **(HERE | where), measure=measure)
    assert isinstance(found, torch.Tensor), found
    assert found.shape == (len(session.replicates),)
    return float(found.mean())


def reason(found) -> str:
    assert isinstance(found, Absent), found
    return found.reason


# --- what must not look like memory ---------------------------------------------------------


@pytest.mark.parametrize("level", [0.0, 0.05, 0.5, 1.0])
def test_a_constant_answer_is_worth_nothing(level):
    session = asked_once(lambda truth: torch.full_like(truth, level))
    assert mean(session, "pearson") == 0
    assert mean(session, "hidden_pearson") == 0
    assert mean(session, "skill") <= 1e-6
    assert mean(session, "identification") == pytest.approx(1 / 3)
    assert memory.information_by_values(session, **HERE).max() == 0
    assert memory.information_by_identity(session, **HERE).max() == pytest.approx(0, abs=1e-6)


def test_the_best_constant_has_no_skill_at_all():
    session = asked_once(lambda truth: truth.mean((2, 3), keepdim=True).expand_as(truth))
    assert mean(session, "skill") == pytest.approx(0, abs=1e-5)


def test_a_blank_answer_covers_nothing():
    session = asked_once(torch.zeros_like)
    assert mean(session, "cosine") == mean(session, "iou") == mean(session, "coverage") == 0


def test_a_faded_answer_is_flagged():
    session = asked_once(lambda truth: 0.05 * truth)
    assert mean(session, "pearson") == pytest.approx(1)  # blind to brightness, hence the others
    assert mean(session, "amplitude_ratio") == pytest.approx(0.05)
    assert mean(session, "faded") == 1
    assert mean(session, "iou") == 0
    assert mean(session, "skill") < 0.15


def test_a_blurred_answer_loses():
    def blurred(truth: torch.Tensor) -> torch.Tensor:
        return torch.from_numpy(gaussian_filter(truth.numpy(), (0, 0, 5, 5), mode="wrap"))

    session = asked_once(blurred)
    assert mean(session, "pearson") < 0.75
    assert mean(session, "skill") < 0.45
    assert mean(session, "iou") < 0.3


def test_a_fully_lit_answer_pays_in_background():
    session = asked_once(torch.ones_like)
    assert (mean(session, "coverage"), mean(session, "background")) == (1, 1)


def test_an_inverted_answer_is_worse_than_nothing():
    session = asked_once(lambda truth: 1 - truth)
    assert mean(session, "pearson") == pytest.approx(-1)
    assert memory.information_by_values(session, **HERE).max() == 0


# --- what memory looks like -----------------------------------------------------------------


def test_a_perfect_answer_is_perfect():
    session = asked_once(lambda truth: truth)
    for measure in ("pearson", "cosine", "iou", "skill", "coverage", "identification", "accuracy"):
        assert mean(session, measure) == pytest.approx(1)
    assert mean(session, "background") == mean(session, "faded") == 0


def test_returning_a_certain_cue_scores_nothing_where_it_counts():
    session = asked_once(lambda truth: half_cue(truth).values, cue=half_cue)
    assert mean(session, "pearson") > 0.5
    assert mean(session, "hidden_pearson") == mean(session, "coverage") == 0
    assert mean(session, "skill") <= 0
    assert memory.information_by_values(session, **HERE).max() == 0


def test_specificity_tells_own_from_foreign_places():
    own = asked_once(lambda truth: truth, cue=half_cue)
    union = asked_once(lambda t: t.amax(1, keepdim=True).expand_as(t), cue=half_cue)
    assert mean(own, "completion_specificity") == pytest.approx(1)
    assert mean(union, "completion_specificity") == pytest.approx(0)


def test_specificity_is_absent_where_nothing_was_missing_or_foreign():
    specificity = partial(recall.likeness, **HERE, measure="completion_specificity")
    assert "nothing was left" in reason(specificity(asked_once(lambda t: t)))
    alone = asked_once(lambda t: t, patterns=blobs(8, 1), cue=half_cue)
    assert "no other pattern" in reason(specificity(alone))


def test_identification_needs_a_second_pattern():
    alone = asked_once(lambda truth: truth, patterns=blobs(8, 1))
    assert "one pattern" in reason(recall.likeness(alone, **HERE, measure="identification"))


def test_the_cue_by_memory_matrix_finds_swapped_answers():
    session = asked_once(lambda truth: truth.roll(1, 1))
    matrix = recall.cue_by_memory(session, **HERE)
    assert matrix.shape == (8, 3, 3)
    assert matrix.argmax(2).tolist() == [[2, 0, 1]] * 8
    assert mean(session, "identification") == 0


def test_cue_dependence_is_zero_for_a_medium_deaf_to_its_cue():
    same = blobs(8, 3)[:, :1].expand(8, 3, 32, 32)
    deaf = asked_once(lambda _: same, controls={"wrong_cue": same})
    assert recall.cue_dependence(deaf, **HERE).abs().max() == 0
    heeding = asked_once(lambda t: t, controls={"wrong_cue": blobs(8, 3).roll(1, 1)})
    assert recall.cue_dependence(heeding, **HERE).min() == 1


def test_controls_are_scored_like_the_medium():
    session = asked_once(torch.zeros_like, controls={"nearest": blobs(8, 3)})
    found = recall.control_likeness(session, **HERE, control="nearest")
    assert found.min() == pytest.approx(1)
    assert "no plane" in reason(recall.control_likeness(session, **HERE, control="rotated"))
    assert "'mean'" in reason(recall.control_likeness(session, **HERE, control="mean"))


def test_a_group_may_be_an_item_or_several():
    session = asked_once(lambda t: t * torch.tensor([1.0, 0, 1])[:, None, None])
    assert mean(session, "pearson", group=1) == 0
    assert mean(session, "pearson", group=[0, 2]) == pytest.approx(1)
    assert "7 was not asked" in reason(recall.likeness(session, **(HERE | {"group": 7})))


def test_unknown_names_are_refused_with_those_there_are():
    session = asked_once(lambda truth: truth)
    with pytest.raises(KeyError, match="targets"):
        recall.likeness(session, **(HERE | {"group": "nobody"}))
    with pytest.raises(KeyError, match="skill"):
        recall.likeness(session, **HERE, measure="quality")
    assert "written:recall" in reason(recall.likeness(session, **(HERE | {"arm": "nobody"})))


def test_symbols_are_not_lit_but_right_or_wrong():
    symbols = torch.randint(0, 4, (6, 2, 10)).float()
    space = Space((10,), 4)
    session = asked_once(space.as_response, patterns=symbols, space=space)
    assert mean(session, "accuracy") == mean(session, "pearson") == pytest.approx(1)
    assert "4 symbols" in reason(recall.likeness(session, **HERE, measure="iou"))


def test_ratio_and_cross_cosine():
    session = three_phase()
    over, under = ("interfered", "before"), ("interfered", "after")
    ratio = recall.ratio(session, over=over, under=under, group="targets")
    before = recall.likeness(session, **(AFTER | {"phase": "before"}))
    assert torch.allclose(ratio, before / recall.likeness(session, **AFTER))
    cross = recall.cross_cosine(session, arm="interfered", phase="after", asked=0, other=0)
    own = recall.likeness(session, **(AFTER | {"group": 0}), measure="cosine")
    assert torch.allclose(cross, own)


def test_nothing_is_a_multiple_of_chance():
    session = asked_once(torch.zeros_like)
    here = ("written", "recall")
    found = recall.ratio(session, over=here, under=here, group="targets")
    assert reason(found) == "written/recall scored 0.01 or less in 8 of 8 replicates"


# --- forgetting, memory, time ---------------------------------------------------------------


def test_losses_are_shares_of_what_there_was():
    session = three_phase()
    after, idle = (recall.likeness(session, **(AFTER | {"arm": a})) for a in ("interfered", "idle"))
    pair = {"whole": ("idle", "after"), "left": ("interfered", "after"), "group": "targets"}
    assert torch.allclose(interference.loss(session, **pair), (idle - after) / idle)


def test_retention_of_nothing_is_absent():
    found = interference.retention(
        three_phase(), before=("lures_only", "after"), after=("idle", "after"), group="targets"
    )
    assert "scored 0.1 or less" in reason(found)


def test_bytes_and_bits_per_byte():
    session = three_phase()
    size = memory.engram_bytes(session, arm="interfered", phase="interfere")
    assert size.tolist() == [8192.0] * 8
    bits = memory.information_by_values(session, **AFTER)
    density = memory.bits_per_byte(session, **AFTER, snapshot="interfere")
    assert torch.allclose(density, bits / 8192)
    assert "no snapshot" in reason(memory.engram_bytes(session, arm="idle", phase="nothing"))


def test_information_is_that_of_a_symmetric_channel_for_balanced_patterns():
    random = torch.Generator().manual_seed(0)
    patterns = (torch.rand(2, 1, 200, 200, generator=random) > 0.5).float()
    flipped = torch.rand(patterns.shape, generator=random) < 0.1
    session = asked_once(lambda t: torch.where(flipped, 1 - t, t), patterns=patterns, cue=half_cue)
    entropy = -(0.1 * math.log2(0.1) + 0.9 * math.log2(0.9))
    expected = 100 * 200 * (1 - entropy)
    assert memory.information_by_values(session, **HERE) == pytest.approx(expected, rel=0.05)


def test_an_answer_that_knows_less_than_its_cue_counts_against_the_others():
    def first_lost(truth: torch.Tensor) -> torch.Tensor:
        return truth * torch.tensor([0.0, 1, 1])[:, None, None]

    def first_given(truth: torch.Tensor) -> Cue:
        given = torch.zeros_like(truth, dtype=torch.bool)
        given[:, 0] = True
        return Cue(truth * given, given=given, certain=torch.zeros_like(given))

    def bits(group) -> torch.Tensor:
        session = asked_once(first_lost, cue=first_given)
        return memory.information_by_values(session, **(HERE | {"group": group}))

    assert bits((0, 1)).mean() < bits(1).mean() / 2  # what the first cue held is lost
    assert bits(0).max() == 0  # the sum is at least 0


def test_identity_is_worth_log_two_of_the_choices():
    found = memory.information_by_identity(asked_once(lambda t: t), **HERE)
    assert found == pytest.approx(3 * math.log2(3))


# --- pattern formation ----------------------------------------------------------------------


def test_the_wavelength_of_stripes_is_their_spacing():
    stripes = (torch.arange(32) % 8 < 4).float().expand(4, 1, 32, 32)
    session = asked_once(lambda _: stripes, patterns=blobs(4, 1))
    assert spatial.wavelength(session, **HERE) == pytest.approx(8)


def test_the_correlation_length_grows_with_the_grain():
    def grain(sigma: float) -> float:
        noise = torch.rand(4, 1, 64, 64, generator=torch.Generator().manual_seed(0)).numpy()
        smooth = torch.from_numpy(gaussian_filter(noise, (0, 0, sigma, sigma), mode="wrap"))
        session = asked_once(lambda _: smooth, patterns=blobs(4, 1, 64))
        return float(spatial.correlation_length(session, **HERE).mean())

    assert grain(3) == pytest.approx(2 * 3, rel=0.25)  # exp(-r^2 / 4 sigma^2) = 1 / e at 2 sigma
    assert grain(1.5) < 0.7 * grain(3)


def test_a_blank_answer_has_neither_length():
    session = asked_once(torch.zeros_like)
    assert "defined" in reason(spatial.wavelength(session, **HERE))
    assert "defined" in reason(spatial.correlation_length(session, **HERE))
