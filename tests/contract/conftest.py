"""A bench for every substrate that conf offers: small patterns, three replicates, fixed draws."""

from dataclasses import dataclass, replace
from pathlib import Path

import pytest
import torch
from hydra.utils import instantiate
from omegaconf import DictConfig, OmegaConf
from torch import Tensor

from memlab.draws import Draws
from memlab.space import Cue, Item, Space
from memlab.substrate import Engram, Meter, Readout, Substrate

WRITTEN: dict[tuple[str, tuple[int, ...], int], Engram] = {}  # by medium, replicates and items
CONF = Path(__file__).parents[2] / "conf" / "substrate"
VARIANTS = {  # what the keys of one file can make of a medium
    "hopfield storkey": {"rule": "storkey"},
    "hopfield projection": {"rule": "projection", "update": "asynchronous"},
    "hopfield rate": {"units": "rate", "decay": 0.05, "bound": 3.0},
    "emotional_attractor stated": {"law": "stated", "gamma": 0.05, "current": 1.0},
    "emotional_attractor prior": {"law": "prior"},
    "dense_memory polynomial": {"energy": "polynomial"},
    "dense_memory centred": {"similarity": "centred", "beta": 50.0},
    "pmrc both": {"memory": "both"},
    "pmrc state": {"memory": "state", "examples": 64},
    "pmrc ewc": {"protection": "ewc"},
    "bdh paper": {"form": "paper", "distract": 3, "damping": 0.99},
}
NAMES = [*sorted(path.stem for path in CONF.glob("*.yaml")), *VARIANTS]
QUICK = {
    "size": 64,
    "write_steps": 60,
    "read_steps": 150,
    "read": 150,
    "updates": 5,
}  # where a medium has them
OF_PAIRS = {  # media that hold pairs of symbols, and what makes them small
    "bdh": {
        "width": 32,
        "neurons": 128,
        "pairs": 3,
        "gap": 1,
        "steps": 120,
        "sequences": 32,
        "rate": 0.01,
    },
    "hebbian_kwta_published": {"steps": 4, "sequences": 100},
    "hebbian_kwta_tokens": {"steps": 4, "sequences": 100},
    "linear_attention": {},
}
PLANE, PAIRS = Space((16, 16), 2), Space((2,), 12)


def settings_of(name: str) -> DictConfig:
    """The medium of a YAML file, or a variant of it, with its long runs cut short."""
    config = OmegaConf.load(CONF / f"{name.split(maxsplit=1)[0]}.yaml")
    assert isinstance(config, DictConfig)
    config.update(VARIANTS.get(name, {}))
    config.update({key: value for key, value in QUICK.items() if key in config})
    config.update(OF_PAIRS.get(name.split(maxsplit=1)[0], {}))
    return config


def holds_pairs(name: str) -> bool:
    """Whether a medium holds pairs of symbols, and no planes."""
    return name.split(maxsplit=1)[0] in OF_PAIRS


def substrate_of(name: str, space: Space) -> Substrate:
    """That medium, for patterns of a space."""
    substrate: Substrate = instantiate(settings_of(name))(space=space)
    return substrate


@dataclass(frozen=True)
class Bench:
    """One substrate with patterns to write and cues to ask with.

    Media of pairs have keys that differ, and cues give the key.
    """

    name: str
    substrate: Substrate
    draws: Draws

    @property
    def space(self) -> Space:
        """What the medium holds."""
        return self.substrate.space

    def pattern(self, k: int) -> Tensor:
        """A bar at a random place of the plane, ``(R, 16, 16)``: solid enough for any medium."""
        if self.space == PAIRS:
            value = self.draws.at("pattern").integers(f"pattern {k}", 6)
            return torch.stack([torch.full_like(value, k % 6), 6 + value], -1).float()
        where = self.draws.at("pattern").integers(f"pattern {k}", 12)
        rows = torch.arange(16)
        bar = (rows >= where[:, None]) & (rows < where[:, None] + 4)
        across = bar[:, None, :].expand(-1, 16, -1)
        return (across if k % 2 else across.transpose(1, 2)).float().contiguous()

    def item(self, k: int, salience: float = 1.0) -> Item:
        """An item to present."""
        values = self.pattern(k)
        return Item(
            values, torch.ones_like(values, dtype=torch.bool), salience * torch.ones(len(values))
        )

    def blank(self) -> Engram:
        """A memory that was shown nothing."""
        return self.substrate.blank(self.draws.at("blank"))

    def write(self, engram: Engram, k: int, salience: float = 1.0) -> None:
        """Present one item."""
        self.substrate.write(engram, self.item(k, salience), self.draws.at("write", k), Meter())

    def written(self, items: int) -> Engram:
        """A memory that was shown so many items: a copy of the one all tests of a medium share."""
        known = (self.name, self.draws.replicates, items)
        if known not in WRITTEN:
            WRITTEN[known] = self.written_now(items)
        return WRITTEN[known].copy()

    def written_now(self, items: int) -> Engram:
        """The same, shown them now."""
        engram = self.blank()
        for k in range(items):
            self.write(engram, k)
        return engram

    def masked(self, items: int, keep: float = 0.5) -> Cue:
        """Each of the first items, a random share of it given and certain."""
        patterns = torch.stack([self.pattern(k) for k in range(items)], dim=1)
        masks = [self.draws.at("mask", k).uniform("mask", (16, 16)) < keep for k in range(items)]
        given = torch.stack(masks, dim=1)
        if self.space == PAIRS:
            given = torch.tensor([True, False]).expand_as(patterns)
        return Cue(patterns * given, given=given, certain=given)

    def read(self, engram: Engram, cue: Cue) -> Readout:
        """Ask."""
        return self.substrate.read(engram, cue, self.draws.at("read"), Meter())

    def with_replicates(self, count: int) -> "Bench":
        """The same bench with another number of replicates."""
        return replace(self, draws=replace(self.draws, replicates=tuple(range(count))))


@pytest.fixture(params=NAMES)
def bench(request: pytest.FixtureRequest) -> Bench:
    """A bench per file of conf/substrate."""
    space = PAIRS if holds_pairs(request.param) else PLANE
    substrate = substrate_of(request.param, space)
    return Bench(request.param, substrate, Draws(seed=3, replicates=(0, 1, 2)))
