"""The configuration of one job of a sweep: what Hydra composes, in a fraction of its time.

Hydra reads every file again for every job. Here one configuration is composed for all jobs that
make the same choices; plain values such as ``seed=3`` are set in a copy, by Hydra's own code.
"""

import pickle
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import final

from hydra._internal.config_loader_impl import ConfigLoaderImpl  # public only as a whole
from hydra.core.config_loader import ConfigLoader
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from omegaconf import DictConfig, open_dict

from memlab.app.composer import choices, plain
from memlab.app.schema import Tree

KEPT = 64  # compositions in memory; jobs with equal choices follow one another


@final
@dataclass(frozen=True)
class Composed:
    """What a job is to compute, and the choices that led there."""

    config: Tree
    choices: dict[str, str]


@final
@dataclass
class Composer:
    """Composes the jobs of one sweep."""

    loader: ConfigLoader
    master: DictConfig  # the sweep's own configuration
    bases: dict[tuple[str, ...], tuple[bytes, dict[str, str]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.groups = set(self.loader.list_groups(""))

    def job(self, overrides: Sequence[str]) -> Composed:
        """The job with these overrides."""
        shared, values = self._parted([parsed(word) for word in overrides])
        base, chosen = self._base(shared)
        config: DictConfig = pickle.loads(base)  # a quarter of the time of deepcopy
        ConfigLoaderImpl._apply_overrides_to_config(values, config)
        return Composed(plain(config), chosen)

    def _parted(self, given: Sequence[Override]) -> tuple[tuple[str, ...], list[Override]]:
        """What Hydra must compose, and the values to set afterwards.

        Values count in the order they are given, so those before an addition or a deletion belong
        to what Hydra composes.
        """
        edits = [number for number, one in enumerate(given) if edited(one)]
        first = edits[-1] + 1 if edits else 0
        late = [one for one in given[first:] if not self._chooses(one)]
        early = [*given[:first], *(one for one in given[first:] if self._chooses(one))]
        return tuple(str(one.input_line) for one in early), late

    def _chooses(self, one: Override) -> bool:
        return "/" in one.key_or_group or one.key_or_group in self.groups or bool(one.package)

    def _base(self, shared: tuple[str, ...]) -> tuple[bytes, dict[str, str]]:
        if shared not in self.bases:
            if len(self.bases) == KEPT:
                del self.bases[next(iter(self.bases))]
            config = self.loader.load_sweep_config(self.master, list(shared))
            chosen = choices(config.hydra)
            with open_dict(config):
                del config["hydra"]
            self.bases[shared] = (pickle.dumps(config), chosen)
        return self.bases[shared]


def edited(one: Override) -> bool:
    """Whether an override does more than set one value."""
    added = one.is_add() or one.is_force_add() or one.is_delete()
    return added or one.is_hydra_override() or isinstance(one.value(), dict)


@lru_cache(maxsize=10_000)
def parsed(word: str) -> Override:
    """An override as Hydra understands it."""
    return OverridesParser.create().parse_overrides([word])[0]
