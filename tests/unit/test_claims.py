"""The claim gate: what holds, what does not, and what cannot be said."""

from dataclasses import dataclass, replace
from typing import final

import pytest
import torch

from memlab.absent import Absent
from memlab.claims import (
    AllAboveZero,
    BeatsFloors,
    Claim,
    Contrast,
    MetricBeatsFloors,
    Status,
    judged,
)
from memlab.report import evaluate, stated, verdict_frame
from memlab.space import Space
from tests.unit.sessions import asked_once, blobs, half_cue, three_phase

RECALLED = BeatsFloors("it is recalled", arm="written", phase="recall", group="targets")
SURVIVES = BeatsFloors("they survive", arm="interfered", phase="after", group="targets")
HIDDEN = replace(SURVIVES, measure="hidden_pearson")
DECAY = Contrast(
    "time weakens", better=("idle", "before"), worse=("idle", "after"), group="targets"
)


def noise(patterns: torch.Tensor) -> torch.Tensor:
    return torch.rand(patterns.shape, generator=torch.Generator().manual_seed(1))


def only(claim, session):
    return judged({"claim": claim}, session)[0]


def recalled(replicates: int, floor, name: str = "cue"):
    patterns = blobs(replicates, 3)
    controls = {"blank": torch.zeros_like(patterns), name: floor(patterns)}
    return asked_once(
        lambda truth: truth + 0.3 * noise(truth), patterns=patterns, controls=controls
    )


def test_a_claim_that_beats_every_floor_holds():
    verdict = only(SURVIVES, three_phase())
    assert verdict.status is Status.HOLDS
    assert verdict.effect == min(verdict.margins.values(), key=lambda margin: margin.mean)
    assert verdict.p == 2**-7
    assert verdict.reason == "above all 8 floors"


def test_one_floor_that_is_not_beaten_is_named():
    verdict = only(RECALLED, recalled(8, lambda truth: truth, name="mean"))
    assert verdict.status is Status.NOT_SHOWN
    assert verdict.reason == "not above mean"
    assert verdict.best_control == "mean"
    assert verdict.p == 1


def test_a_ceiling_need_not_be_beaten():
    assert only(RECALLED, recalled(8, lambda truth: truth, name="nearest")).status is Status.HOLDS


def test_five_replicates_cannot_show_a_claim():
    verdict = only(RECALLED, recalled(5, noise))
    assert verdict.status is Status.TOO_FEW
    assert verdict.effect.low > 0


def test_one_replicate_gives_a_verdict_without_an_interval():
    assert only(RECALLED, recalled(1, noise)).status is Status.TOO_FEW


def test_too_few_replicates_do_not_hide_a_floor_that_won():
    verdict = only(RECALLED, recalled(3, lambda truth: truth))
    assert (verdict.status, verdict.reason) == (Status.NOT_SHOWN, "not above cue")


def test_more_claims_need_more_replicates():
    session = recalled(6, noise)
    assert only(RECALLED, session).status is Status.HOLDS
    assert {v.status for v in judged({"a": RECALLED, "b": RECALLED}, session)} == {Status.TOO_FEW}


@final
@dataclass(frozen=True)
class Given(Claim):
    """A claim of known margins."""

    statement: str
    measure: str
    found: dict[str, torch.Tensor]
    published: str = ""

    def margins(self, _):
        return self.found


def given(*margins: list[float]) -> Given:
    found = {f"floor {i}": torch.tensor(m).double() for i, m in enumerate(margins)}
    return Given("something is shown", "pearson", found)


@pytest.mark.parametrize("replicates", [1, 3, 8])
@pytest.mark.parametrize("size", [1e-7, 9e-7, -1e-7])
def test_float_noise_never_holds(replicates, size):
    noise = [size * (1 + i / 100) for i in range(replicates)]
    verdict = only(given(noise, [1.0] * replicates), three_phase())
    assert (verdict.status, verdict.reason) == (Status.NOT_SHOWN, "not above floor 0")
    assert (verdict.p, verdict.effect.mean) == (1, 0)


def test_a_mean_margin_of_float_noise_never_holds():
    verdict = only(given([2e-6, *[0.0] * 7]), three_phase())
    assert (verdict.status, verdict.p) == (Status.NOT_SHOWN, 1)


def test_a_small_margin_that_is_no_noise_holds():
    assert only(given([1e-4 + i * 1e-6 for i in range(8)]), three_phase()).status is Status.HOLDS


def test_on_the_hidden_part_a_returned_cue_is_worth_nothing():
    def halfway(truth: torch.Tensor) -> torch.Tensor:
        return half_cue(truth).values + 0.3 * (truth - half_cue(truth).values)

    patterns = blobs(8, 3)
    session = asked_once(halfway, cue=half_cue, controls={"cue": half_cue(patterns).values})
    whole = only(RECALLED, session)
    hidden = only(replace(RECALLED, measure="hidden_pearson"), session)
    assert hidden.effect.mean == pytest.approx(1)
    assert hidden.measure == "hidden_pearson"
    assert whole.effect.mean < 0.5


def test_the_hidden_part_is_all_where_the_cue_is_certain_of_nothing():
    session = three_phase()
    whole, hidden = only(SURVIVES, session), only(HIDDEN, session)
    assert hidden.effect.mean == pytest.approx(whole.effect.mean, abs=1e-6)


def test_p_is_the_largest_over_the_floors():
    def wobbling(truth: torch.Tensor) -> torch.Tensor:
        close = truth + 0.3 * noise(truth).roll(1, -1)
        close[:3] = truth[:3]
        return close

    verdict = only(RECALLED, recalled(8, wobbling))
    assert verdict.p > 0.05
    assert verdict.status is Status.NOT_SHOWN


def test_a_contrast_compares_two_treatments_of_the_same_items():
    verdict = only(DECAY, three_phase())
    assert verdict.status is Status.HOLDS
    assert (verdict.best_control, verdict.reason) == ("idle/after", "above idle/after")


def test_a_contrast_in_the_wrong_direction_is_not_shown():
    backwards = Contrast("gain", better=DECAY.worse, worse=DECAY.better, group="targets")
    verdict = only(backwards, three_phase())
    assert (verdict.status, verdict.p_holm) == (Status.NOT_SHOWN, 1)


@pytest.mark.parametrize(
    "claim",
    [
        BeatsFloors("x", arm="nobody", phase="after", group="targets"),
        BeatsFloors("x", arm="idle", phase="after", group="targets", measure="accuracy"),
        Contrast("x", better=("nobody", "after"), worse=("idle", "after"), group="targets"),
    ],
)
def test_what_was_not_asked_or_has_no_meaning_is_no_data(claim):
    session = three_phase()
    session.space = Space(session.space.shape, None)
    verdict = only(claim, session)
    assert verdict.status is Status.NO_DATA
    assert verdict.reason
    assert verdict.effect is None


def test_a_recall_without_controls_shows_nothing():
    margins = RECALLED.margins(asked_once(lambda truth: truth))
    assert margins == Absent("no floor was run at written/recall")


def test_claims_without_data_do_not_count_for_the_correction():
    absent = BeatsFloors("x", arm="nobody", phase="after", group="targets")
    first, second = judged({"a": SURVIVES, "b": absent}, three_phase())
    assert first.p_holm == first.p
    assert second.p_holm is None


def test_symbols_are_scored_like_everything_else():
    symbols = torch.randint(0, 5, (8, 3, 12), generator=torch.Generator().manual_seed(0)).float()
    space = Space((12,), 5)
    answer = 0.8 * space.as_response(symbols) + 0.04
    controls = {"blank": torch.full_like(answer, 0.2), "wrong_cue": answer.roll(1, 1)}
    session = asked_once(lambda _: answer, patterns=symbols, space=space, controls=controls)
    verdict = only(RECALLED, session)
    assert verdict.status is Status.HOLDS
    assert verdict.margins["blank"].mean == pytest.approx(1)


def by_arm(_, *, arm="taught", control=None):
    """A metric that is 1 in the arm taught, .5 in the others, and 0 of every control."""
    if arm == "missing":
        return Absent("this run has no arm 'missing'")
    return torch.full((8,), 0.0 if control else 1.0 if arm == "taught" else 0.5)


def test_of_several_differences_the_smallest_decides():
    of = {"start": lambda _: torch.full((8,), 0.2), "absent": lambda _: torch.zeros(8)}
    verdict = only(AllAboveZero("x", of=of, measure="m"), recalled(8, noise))
    assert (verdict.status, verdict.reason) == (Status.NOT_SHOWN, "not above absent")
    held = only(AllAboveZero("x", of={"start": of["start"]}, measure="m"), recalled(8, noise))
    assert held.status is Status.HOLDS


def test_a_metric_may_have_to_beat_arms_beside_the_floors():
    claim = MetricBeatsFloors("x", of=by_arm, measure="m", arms=["absent"])
    verdict = only(claim, recalled(8, noise))
    assert verdict.best_control == "absent"
    assert {"absent", "blank", "cue"} <= set(verdict.margins)


def test_a_claim_over_an_arm_that_is_missing_has_no_data():
    claim = MetricBeatsFloors("x", of=by_arm, measure="m", arms=["absent", "missing"])
    verdict = only(claim, recalled(8, noise))
    assert (verdict.status, verdict.reason) == (Status.NO_DATA, "this run has no arm 'missing'")


def test_what_was_published_stands_beside_the_verdict_word_for_word():
    claims = {"R": replace(RECALLED, published="it persists"), "S": RECALLED}
    for replicates, claims_of in ((8, claims), (8, {"R": replace(claims["R"], arm="nobody")})):
        report = evaluate(recalled(replicates, noise), {}, claims_of)
        assert report.verdicts[0].published == "it persists"
        assert verdict_frame(report)["published"][0] == "it persists"
        assert "published: “it persists”" in stated(report.verdicts[0])
    assert stated(evaluate(recalled(8, noise), {}, claims).verdicts[1]) == "it is recalled"
