"""Hand-made sessions: answers are written down, not computed by a medium."""

from collections.abc import Callable

import torch
from torch import Tensor

from memlab.session import Exposure, Film, Recall, Session, Snapshot
from memlab.similarity import cosine, pearson
from memlab.space import Cue, Space
from memlab.substrate import Series

STEPS = torch.arange(0, 2001, 50)
SHARED = ("interfered", "idle", "rehearsed")
FLOORS = ("blank", "scrambled", "shifted", "other", "cue", "mean", "wrong_cue", "uniform_cue")
CEILINGS = ("nearest", "picture")


def blobs(replicates: int, items: int, side: int = 32, *, seed: int = 0) -> Tensor:
    """Binary patterns of three discs each, ``(R, P, side, side)``."""
    random = torch.Generator().manual_seed(seed)
    centres = torch.rand(replicates, items, 3, 2, generator=random) * side
    axis = torch.arange(side).float()
    down = (axis - centres[..., 0, None]).abs()
    across = (axis - centres[..., 1, None]).abs()
    down, across = down.minimum(side - down), across.minimum(side - across)
    inside = down[..., :, None].square() + across[..., None, :].square() < (side / 8) ** 2
    return inside.any(2).float()


def half_cue(truth: Tensor) -> Cue:
    """The upper half, certain."""
    given = torch.zeros_like(truth, dtype=torch.bool)
    given[:, :, : truth.shape[2] // 2] = True
    return Cue(truth * given, given=given, certain=given)


def faint_cue(truth: Tensor, strength: float = 0.15) -> Cue:
    """The whole at low amplitude, given everywhere and certain nowhere."""
    here = torch.ones_like(truth, dtype=torch.bool)
    return Cue(truth * strength, given=here, certain=~here)


def noisy_cue(truth: Tensor, random: torch.Generator) -> Cue:
    """The whole at low amplitude under noise, given everywhere and certain nowhere."""
    noise = 0.1 * torch.randn(truth.shape, generator=random)
    here = torch.ones_like(truth, dtype=torch.bool)
    return Cue((0.15 * truth + noise).clamp(0, 1), given=here, certain=~here)


def asked_once(
    answer: Callable[[Tensor], Tensor],
    *,
    patterns: Tensor | None = None,
    space: Space | None = None,
    cue: Callable[[Tensor], Cue] = faint_cue,
    controls: dict[str, Tensor] | None = None,
) -> Session:
    """A session of one recall of all its patterns, in arm *written*, phase *recall*."""
    truth = blobs(8, 3) if patterns is None else patterns
    items = tuple(range(truth.shape[1]))
    return Session(
        space or Space(tuple(truth.shape[2:])),
        seed=0,
        replicates=tuple(range(len(truth))),
        protocol="hand-made",
        names=tuple(f"item {i}" for i in items),
        groups={"targets": items},
        patterns=truth,
        salience=torch.ones(truth.shape[:2]),
        floors=FLOORS,
        ceilings=CEILINGS,
        recalls=[
            Recall(
                ("written",),
                "recall",
                items,
                items,
                truth,
                cue(truth),
                answer(truth),
                controls or {},
                {"rotated": "the medium has no plane"},
                {},
            )
        ],
        complete=True,
    )


def three_phase(replicates: int = 8, side: int = 32) -> Session:
    """A whole three-phase run in which targets decay a little and lures harm them more."""
    patterns = blobs(replicates, 6, side)
    seen = {"interfered": range(6), "idle": range(3), "rehearsed": range(3)}
    quality = {"interfered": 0.6, "idle": 0.8, "rehearsed": 0.9, "lures_only": 0.75}
    targets, everything = tuple(range(3)), tuple(range(6))
    recalls = [_recall(SHARED, "before", targets, targets, patterns, 0.9)]
    for arm, kept in quality.items():
        shown = tuple(seen.get(arm, range(3, 6)))
        recalls.append(_recall((arm,), "after", everything, shown, patterns, kept))
    return Session(
        Space((side, side)),
        seed=0,
        replicates=tuple(range(replicates)),
        protocol="three_phase",
        names=tuple(f"{kind} {i + 1}" for kind in ("target", "lure") for i in range(3)),
        groups={"targets": targets, "lures": (3, 4, 5)},
        patterns=patterns,
        salience=torch.ones(patterns.shape[:2]),
        floors=FLOORS,
        ceilings=CEILINGS,
        exposures=_writes(patterns),
        recalls=recalls,
        snapshots=_snapshots(patterns),
        films=[Film("after", ("v",), ("",) * 8, torch.rand(8, 1, side, side))],
        complete=True,
    )


def _recall(
    arms: tuple[str, ...],
    phase: str,
    items: tuple[int, ...],
    presented: tuple[int, ...],
    patterns: Tensor,
    kept: float,
) -> Recall:
    random = torch.Generator().manual_seed(len(arms) + round(100 * kept))
    truth = patterns[:, list(items)]
    noise = torch.rand(truth.shape, generator=random)
    known = torch.tensor([float(item in presented) for item in items])
    strength = kept * known[:, None, None] + 0.05 * torch.randn(
        len(truth), 1, 1, 1, generator=random
    )
    mean = patterns[:, list(presented)].mean(1, keepdim=True).expand_as(truth)
    response = (strength * truth + 0.25 * mean + 0.3 * noise).clamp(0, 1)
    cue = noisy_cue(truth, random)
    controls = {
        "blank": 0.2 * noise,
        "scrambled": noise.clamp(max=0.6) + 0.1 * truth,
        "shifted": response.roll(side := truth.shape[-1] // 4, -1).roll(side, -2),
        "other": response.roll(1, 0),
        "cue": cue.values,
        "mean": mean,
        "wrong_cue": response.roll(1, 1),
        "uniform_cue": (0.9 * mean + 0.2 * noise).clamp(0, 1),
        "nearest": truth,
        "picture": patterns[:, list(presented)].amax(1, keepdim=True).expand_as(truth),
    }
    curves = _curves(truth, response, noise)
    return Recall(arms, phase, items, presented, truth, cue, response, controls, {}, curves)


def _curves(truth: Tensor, response: Tensor, noise: Tensor) -> dict[str, Series]:
    rise = 1 - torch.exp(-STEPS / 120.0)
    fade = torch.exp(-STEPS / 2500.0)
    frames = [a * b * response + (1 - b) * 0.5 * noise for a, b in zip(rise, fade, strict=True)]
    return {
        name: Series(STEPS, torch.stack([like(f, truth, (2, 3)) for f in frames], -1))
        for name, like in (("pearson", pearson), ("cosine", cosine))
    }


def _writes(patterns: Tensor) -> list[Exposure]:
    steps = torch.arange(0, 101, 10)
    mass, full, exposures = torch.zeros(len(patterns)), torch.zeros(len(patterns)), []
    for item in range(6):
        growth = patterns[:, item].sum((1, 2))[:, None] * (1 - torch.exp(-steps / 30.0)) * 0.073
        series = {
            "scar_mass": Series(steps, mass[:, None] + growth, "1/step"),
            "saturated": Series(steps, full[:, None] + growth / 300),
            "similarity": Series(steps, 0.5 + 0.4 * growth / growth.amax(1, keepdim=True)),
        }
        mass, full = mass + growth[:, -1], full + growth[:, -1] / 300
        arms = SHARED if item < 3 else ("interfered", "lures_only")
        exposures.append(Exposure(arms, "acquire" if item < 3 else "interfere", item, series))
    return exposures


def _snapshots(patterns: Tensor) -> list[Snapshot]:
    size = torch.full((len(patterns),), 2 * 4 * patterns[0, 0].numel())
    found = []
    for arms, phase, items in (
        (SHARED, "acquire", [0, 1, 2]),
        (("interfered",), "interfere", [0, 1, 2, 3, 4, 5]),
        (("lures_only",), "interfere", [3, 4, 5]),
    ):
        scar = patterns[0, items].sum(0).clamp(max=2) / 2
        grids = {"feed": 0.037 + 0.043 * scar, "kill": 0.065 - 0.03 * scar}
        found.append(Snapshot(arms, phase, size, grids))
    return found
