"""What was varied between runs: the settings that a comparison puts side by side."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, final

import yaml

from memlab.record.outcome import Outcome

SEED = "seed"
ORIGIN = "from"  # names where a run was found, when nothing else tells it from another
ASIDE = ("sweep", "hydra", "tracking", "resume", "outputs", "checkpoint", "name")
LOOKS = ("metrics", "figures", "tracking")  # groups that follow the protocol or change nothing
SEED_LINE = re.compile(r"^seed: (\d+)$", re.MULTILINE)
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # ten times as fast, where it was built


@final
@dataclass(frozen=True)
class Trial:
    """A run as a comparison sees it: what it was asked, by key, apart from its seed."""

    asked: Mapping[str, str]
    seed: str
    outcome: Outcome


@final
@dataclass(frozen=True)
class Setting:
    """One way of doing it, and the runs that did it so."""

    name: str
    asked: Mapping[str, str]  # only what was varied
    trials: tuple[Trial, ...]

    @property
    def seeds(self) -> tuple[str, ...]:
        """The seeds of its runs."""
        return tuple(trial.seed for trial in self.trials)


def of_overrides(outcome: Outcome) -> Trial:
    """A run by the words of the command that asked for it: enough within one sweep."""
    words = (override.lstrip("+").partition("=") for override in outcome.overrides)
    asked = {key: value for key, _, value in words if not _aside(key)}
    seed = asked.pop(SEED, "") or _seed_of(Path(outcome.folder))
    return Trial(asked, seed, outcome)


def of_config(outcome: Outcome, folder: Path) -> Trial:
    """A run by its choices and its whole configuration, however it was asked for."""
    tree = yaml.load((folder / "config.yaml").read_text(encoding="utf-8"), Loader=LOADER)
    given = {key: value for key, value in leaves(tree) if not _aside(key)}
    seed = given.pop(SEED, "")
    told = {key: value for key, value in given.items() if key.partition(".")[0] not in LOOKS}
    chosen = {key: value for key, value in outcome.factors.items() if key not in LOOKS}
    return Trial(chosen | told, seed, outcome)


def leaves(tree: Mapping[str, Any], path: str = "") -> Iterable[tuple[str, str]]:
    """Every value of a configuration under its dotted key."""
    for key, value in tree.items():
        name = f"{path}.{key}" if path else str(key)
        if isinstance(value, dict) and value:
            yield from leaves(value, name)
        else:
            yield name, str(value)


def settings(trials: Sequence[Trial]) -> list[Setting]:
    """The runs put together by what was varied between them, in the order they came."""
    keys = varied(trials)
    found: dict[tuple[str, ...], list[Trial]] = {}
    for trial in trials:
        found.setdefault(tuple(trial.asked.get(key, "") for key in keys), []).append(trial)
    return [
        Setting(_name(keys, values, some[0]), dict(zip(keys, values, strict=True)), tuple(some))
        for values, some in found.items()
    ]


def varied(trials: Sequence[Trial]) -> list[str]:
    """The keys in which the runs differ, less those that only follow from a choice."""
    keys = dict.fromkeys(key for trial in trials for key in trial.asked)
    differ = [key for key in keys if len({trial.asked.get(key) for trial in trials}) > 1]
    return [key for key in differ if not _follows(key, differ, trials)]


def told_apart(groups: Mapping[str, Sequence[Trial]]) -> list[Trial]:
    """The runs of several places, marked by their place if otherwise two would be one."""
    trials = [trial for some in groups.values() for trial in some]
    if not repeats(trials):
        return trials
    return [
        replace(trial, asked={ORIGIN: place, **trial.asked})
        for place, some in groups.items()
        for trial in some
    ]


def newest(trials: Sequence[Trial]) -> list[Trial]:
    """The last run of every setting and seed."""
    ordered = sorted(trials, key=lambda trial: trial.outcome.at)
    last = {_identity(trial): trial for trial in ordered}
    return [trial for trial in trials if last[_identity(trial)] is trial]


def repeats(trials: Sequence[Trial]) -> int:
    """How many runs repeat the setting and the seed of another."""
    return sum(Counter(map(_identity, trials)).values()) - len(set(map(_identity, trials)))


def _identity(trial: Trial) -> tuple[object, ...]:
    return (frozenset(trial.asked.items()), trial.seed)


def _aside(key: str) -> bool:
    """Whether a key changes nothing that is computed."""
    return re.split("[./@]", key.lstrip("~"), maxsplit=1)[0] in ASIDE


def _follows(key: str, differ: Sequence[str], trials: Sequence[Trial]) -> bool:
    """Whether a parameter is settled by the choice of its group: two media, two parameters."""
    group = key.partition(".")[0]
    if group == key or group not in differ:
        return False
    by_choice: dict[str | None, set[str | None]] = {}
    for trial in trials:
        by_choice.setdefault(trial.asked.get(group), set()).add(trial.asked.get(key))
    return all(len(values) == 1 for values in by_choice.values())


def _name(keys: Sequence[str], values: Sequence[str], trial: Trial) -> str:
    """What was varied, in words; the medium where nothing was."""
    words = [_short(key, value, trial) for key, value in zip(keys, values, strict=True) if value]
    return ", ".join(words) or trial.outcome.factors.get("substrate", "all")


def _short(key: str, value: str, trial: Trial) -> str:
    """A choice by its name alone, a parameter with its key."""
    return value if key in trial.outcome.factors or key == ORIGIN else f"{key}={value}"


def _seed_of(folder: Path) -> str:
    """The seed a run's folder says it had."""
    try:
        found = SEED_LINE.search((folder / "config.yaml").read_text(encoding="utf-8"))
    except OSError:
        return ""
    return found[1] if found else ""
