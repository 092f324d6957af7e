"""Known results of the medium, and the C kernel held against the plain torch reference."""

import math

import numpy as np
import pytest
import torch
from torch import Tensor

from memlab import native
from memlab.reaction_diffusion import (
    REFERENCE,
    Kinetics,
    ScarRule,
    cosine,
    faded,
    laplacian,
    steady_states,
)

USUAL = Kinetics()
RULE = ScarRule()
FAST = native.backend() if native.available() else REFERENCE
needs_native = pytest.mark.skipif(not native.available(), reason="the native library is not built")

Y, X = torch.meshgrid(torch.arange(256), torch.arange(256), indexing="ij")
RADIUS = ((X - 128) ** 2 + (Y - 128) ** 2).sqrt()


def discs(radius: float, centres: list[tuple[int, int]]) -> Tensor:
    """Union of discs (x, y) on 256 x 256, as a mask."""
    near = [(X - x) ** 2 + (Y - y) ** 2 < radius**2 for x, y in centres]
    return torch.stack(near).any(0)


DX, DY = (X - 128).abs(), (Y - 128).abs()
MASKS = {
    "spots": discs(15, [(x, y) for x in (64, 192) for y in (64, 192)]),
    "ring": (RADIUS > 40) & (RADIUS < 60),
    "line": discs(8, [(i, i) for i in range(50, 200)]),
    "cross": ((DY < 10) & (DX < 60)) | ((DX < 10) & (DY < 60)),
}


def painted(mask: Tensor, *, kill: float = 0.060) -> tuple[Tensor, Tensor]:
    """Saturated scars under the mask, feed and kill each (1, H, W)."""
    return torch.where(mask, 0.08, 0.037)[None], torch.where(mask, 0.03, kill)[None]


def recalled(
    v: Tensor, mask: Tensor, steps: int, *, scars: bool = True, kill: float = 0.060
) -> float:
    """Cosine of the mask and what becomes of v (H, W) from U = 1."""
    feed, kills = painted(mask & scars, kill=kill)
    u, v = torch.ones(1, 1, *v.shape), v.float()[None, None].clone()
    FAST.advance(USUAL, steps, u, v, feed, kills)
    return cosine(v[0], mask.float()[None]).item()


def medium(replicates: int, cues: int, height: int, width: int) -> list[Tensor]:
    """Noisy u, v (R, C, H, W) and feed, kill (R, H, W)."""
    draw = torch.Generator().manual_seed(7)
    u, v = (torch.rand(replicates, cues, height, width, generator=draw) for _ in range(2))
    feed, kill = (torch.rand(replicates, height, width, generator=draw) for _ in range(2))
    return [u, 0.5 * v, 0.02 + 0.06 * feed, 0.03 + 0.05 * kill]


def lesson(replicates: int, height: int, width: int, rule: ScarRule) -> list[Tensor]:
    """u, v, feed, kill, target (R, H, W) and salience (R,) with the gate open at first."""
    draw = torch.Generator().manual_seed(8)
    target = torch.rand(replicates, height, width, generator=draw)
    v = 0.8 * target + 0.1 * torch.rand(target.shape, generator=draw)
    feed, kill = torch.full_like(v, rule.feed), torch.full_like(v, rule.kill)
    salience = torch.tensor([1.0, 0.0, 0.5])[:replicates]
    return [torch.ones_like(v), v, feed, kill, target, salience]


def test_the_stencil_sums_to_zero_and_is_a_laplacian() -> None:
    impulse = torch.zeros(9, 9)
    impulse[4, 4] = 1
    weights = laplacian(impulse)
    expected = torch.tensor([[0.05, 0.2, 0.05], [0.2, -1, 0.2], [0.05, 0.2, 0.05]])
    torch.testing.assert_close(weights[3:6, 3:6], expected)
    assert abs(weights.double().sum().item()) < 1e-7


def test_diffusion_alone_conserves_mass() -> None:
    u, v, feed, _ = medium(1, 2, 33, 40)
    before = v.double().sum()
    FAST.advance(Kinetics(decay=1), 300, u.zero_(), v, 0 * feed, 0 * feed)
    assert (v.double().sum() / before - 1).abs() < 1e-5


def test_the_scarred_lit_state_is_the_known_one() -> None:
    feed, kill = torch.full((1, 16, 16), 0.08), torch.full((1, 16, 16), 0.03)
    u, v = torch.full((1, 1, 16, 16), 0.3), torch.full((1, 1, 16, 16), 0.5)
    FAST.advance(USUAL, 3000, u, v, feed, kill)
    assert v.mean().item() == pytest.approx(0.58790, abs=1e-5)
    assert u.mean().item() == pytest.approx(0.18796, abs=1e-5)
    known = steady_states(0.08, 0.03, USUAL)
    assert (u.mean().item(), v.mean().item()) == pytest.approx(known, abs=1e-5)


def test_unscarred_the_medium_has_no_lit_uniform_state() -> None:
    assert steady_states(0.037, 0.060, USUAL) is None
    assert steady_states(0.040, 0.0585, USUAL) is not None  # one scar event


@pytest.mark.parametrize(
    ("feed", "kill", "threshold"), [(0.08, 0.03, 0.1198), (0.037, 0.060, 0.1075)]
)
def test_a_wide_patch_ignites_at_the_known_threshold(
    feed: float, kill: float, threshold: float
) -> None:
    starts = threshold + torch.tensor([-3e-4, 3e-4])
    patch = torch.zeros(96, 96)
    patch[24:72, 24:72] = 1
    v = (starts[:, None, None] * patch)[None].contiguous()
    feeds = torch.where(patch > 0, feed, 0.037)[None]
    kills = torch.where(patch > 0, kill, 0.060)[None]
    FAST.advance(USUAL, 600, torch.ones_like(v), v, feeds, kills)
    dies, lives = v[0].amax((1, 2)).tolist()  # unscarred, only the rim of the patch lives on
    assert dies < 0.02
    assert lives > 0.2


def test_a_well_mixed_medium_ignites_at_the_known_threshold() -> None:
    v = torch.tensor([0.1196, 0.1198]).reshape(1, 2, 1, 1).expand(1, 2, 4, 4).contiguous()
    feed, kill = torch.full((1, 4, 4), 0.08), torch.full((1, 4, 4), 0.03)
    FAST.advance(USUAL, 600, torch.ones_like(v), v, feed, kill)
    assert v[0, 0].max() < 0.02
    assert v[0, 1].min() > 0.5


def test_a_front_runs_along_a_scarred_stripe_at_the_known_speed() -> None:
    feed, kill = torch.full((1, 64, 256), 0.037), torch.full((1, 64, 256), 0.075)
    feed[:, 20:44], kill[:, 20:44] = 0.08, 0.03
    u, v = torch.ones(1, 1, 64, 256), torch.zeros(1, 1, 64, 256)
    v[..., 20:44, :60] = 0.8
    ends = []
    for _ in range(2):
        FAST.advance(USUAL, 1000, u, v, feed, kill)
        ends.append(v[0, 0, 32, 30:150].clamp(max=0.5).sum().item() / 0.5)
    assert (ends[1] - ends[0]) / 1000 == pytest.approx(0.0336, abs=0.0010)


def test_training_scars_every_bright_pixel_by_exactly_the_way_to_the_bounds() -> None:
    mask = MASKS["spots"]
    target = 0.8 * mask.float()[None]
    noise = torch.from_numpy(np.random.default_rng(0).normal(size=(1, 256, 256))).float()
    v = (0.2 * target + 0.1 * noise).clamp(0, 1)
    feed, kill = painted(torch.zeros_like(mask))
    FAST.train(USUAL, RULE, 150, torch.ones_like(v), v, feed, kill, target, torch.ones(1))
    assert int(mask.sum()) == 2788
    scars = (feed.double() - 0.037).abs() + (kill.double() - 0.06).abs()
    assert scars.sum().item() == pytest.approx(203.524, abs=2e-3)
    assert scars[0][mask].mean().item() == pytest.approx(0.073, abs=1e-6)


@pytest.mark.parametrize(
    ("shape", "similarity"), [("spots", 0.949), ("ring", 0.966), ("line", 0.956), ("cross", 0.962)]
)
def test_a_uniform_cue_recalls_whatever_is_scarred(shape: str, similarity: float) -> None:
    cue = torch.full((256, 256), 0.12)
    assert recalled(cue, MASKS[shape], 500) == pytest.approx(similarity, abs=1.5e-3)


def test_the_noise_free_cue_recalls_the_spots_and_a_weaker_one_nothing() -> None:
    target = 0.8 * MASKS["spots"].float()
    assert recalled(0.15 * target, MASKS["spots"], 500) == pytest.approx(0.950, abs=1.5e-3)
    assert recalled(0.14 * target, MASKS["spots"], 500) == pytest.approx(0.0, abs=1e-3)


def noisy_cue() -> Tensor:
    """A fifth of the spots' amplitude under noise, (H, W)."""
    noise = torch.from_numpy(np.random.default_rng(1).normal(size=(256, 256))).float()
    return (0.2 * 0.8 * MASKS["spots"].float() + 0.05 * noise).clamp(0, 1)


def test_a_quiescent_background_recalls_the_spots() -> None:
    assert recalled(noisy_cue(), MASKS["spots"], 500, kill=0.067) == pytest.approx(0.970, abs=2e-3)


@needs_native
def test_on_a_quiescent_background_the_recall_lasts() -> None:
    late = recalled(noisy_cue(), MASKS["spots"], 20_000, kill=0.067)
    assert late == pytest.approx(0.970, abs=2e-3)


def test_without_scars_a_quiescent_medium_forgets_the_cue() -> None:
    left = recalled(noisy_cue(), MASKS["spots"], 2000, scars=False, kill=0.065)
    assert left == pytest.approx(0.0, abs=1e-3)


def test_the_reference_agrees_with_double_precision() -> None:
    single = medium(2, 1, 33, 31)
    double = [x.double() for x in single]
    for fields in (single, double):
        REFERENCE.advance(USUAL, 50, *fields)
    torch.testing.assert_close(single[1].double(), double[1], rtol=1e-4, atol=1e-7)


def test_without_salience_training_is_the_fade_alone() -> None:
    rule = ScarRule(law="graded", fade=0.01, gate=-1)
    fields = lesson(1, 20, 30, rule)
    fields[2] += 0.01
    feed, kill = fields[2].clone(), fields[3].clone()
    FAST.train(USUAL, rule, 40, *fields[:5], torch.zeros(1))
    faded(rule, 40, feed, kill)
    assert torch.equal(fields[2], feed)
    assert torch.equal(fields[3], kill)


def test_graded_scars_never_leave_their_bounds() -> None:
    rule = ScarRule(law="graded", strength=0.04, gate=-1)
    fields = lesson(1, 32, 32, rule)
    FAST.train(USUAL, rule, 600, *fields)
    feed, kill = fields[2], fields[3]
    assert 0.079 < feed.max().item() <= np.float32(0.08)
    assert np.float32(0.03) <= kill.min().item() < 0.031


def test_a_field_that_is_no_number_is_reported_by_replicate() -> None:
    fields = medium(3, 1, 8, 8)
    fields[1][2, 0, 3, 3] = math.nan
    for backend in (REFERENCE, FAST):
        with pytest.raises(FloatingPointError, match=r"\[2\]"):
            backend.advance(USUAL, 3, *[x.clone() for x in fields])


@needs_native
@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("shape", [(1, 1, 3, 5), (2, 3, 17, 33), (1, 2, 64, 96), (3, 1, 50, 31)])
def test_kernel_and_reference_give_the_same_bits(
    shape: tuple[int, int, int, int], threads: int
) -> None:
    plain = medium(*shape)
    fast = [x.clone() for x in plain]
    REFERENCE.advance(USUAL, 300, *plain)
    native.advance(USUAL, 300, *fast, threads=threads)
    assert all(torch.equal(a, b) for a, b in zip(plain, fast, strict=True))


@needs_native
@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("shape", [(1, 3, 5), (3, 17, 33), (1, 96, 64), (2, 50, 31)])
@pytest.mark.parametrize(
    "rule",
    [
        RULE,
        ScarRule(fade=0.01),
        ScarRule(law="graded"),
        ScarRule(law="graded", gate=0.8, fade=0.002),  # the gate moves on the way
        ScarRule(gate=0.85, strength=0.02),
    ],
)
def test_kernel_and_reference_train_the_same_bits(
    rule: ScarRule, shape: tuple[int, int, int], threads: int
) -> None:
    plain = lesson(*shape, rule)
    fast = [x.clone() for x in plain]
    expected = REFERENCE.train(USUAL, rule, 200, *plain)
    found = native.train(USUAL, rule, 200, *fast, threads=threads)
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-6)
    assert all(torch.equal(a, b) for a, b in zip(plain, fast, strict=True))


@needs_native
def test_feed_outside_its_bounds_is_brought_in_everywhere_when_the_rule_acts() -> None:
    plain = lesson(1, 24, 40, RULE)
    plain[2][:] = 0.09
    plain[4][:, 5:] = 0
    fast = [x.clone() for x in plain]
    REFERENCE.train(USUAL, ScarRule(gate=-1), 5, *plain)
    native.train(USUAL, ScarRule(gate=-1), 5, *fast)
    assert fast[2].max().item() == np.float32(0.08)
    assert all(torch.equal(a, b) for a, b in zip(plain, fast, strict=True))
