"""What a configuration must look like, and the one-screen refusals of what does not."""

import difflib
import inspect
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Annotated, Any, Literal, TypeAlias, final

from pydantic import BaseModel, ConfigDict, Field, NonNegativeInt, PositiveInt, ValidationError

Tree: TypeAlias = dict[str, Any]  # one level of a composed configuration

DIRECTIVES = ("_target_", "_partial_", "_convert_", "_recursive_", "_args_")
PACKAGE = "memlab."
MOST_THREADS = 256  # far more and the numerical libraries die instead of refusing
MOST_REPLICATES = 100_000


class Refused(Exception):
    """A run that cannot start, with what must hold, what was given and what would be valid."""


STRICT = ConfigDict(extra="forbid", strict=True, frozen=True)


@final
class Checkpoint(BaseModel):
    """When a run writes down where it stands."""

    model_config = STRICT

    every: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None  # s


@final
class Prune(BaseModel):
    """When a search gives up a trial before its end."""

    model_config = STRICT

    metric: str | None
    warmup: NonNegativeInt  # trials


@final
class Sweep(BaseModel):
    """What many jobs together are to find out."""

    model_config = STRICT

    question: str
    axes: Tree
    jobs: Literal["auto"] | PositiveInt
    confirm: bool
    figures: Literal["auto", "always", "never"]
    figures_up_to: NonNegativeInt
    search: Literal["optuna"] | None
    metric: str | None
    direction: Literal["maximize", "minimize"]
    trials: PositiveInt
    parallel: Literal["auto"] | PositiveInt
    sampler: Literal["tpe", "random"]
    seed: NonNegativeInt
    prune: Prune


@final
class Settings(BaseModel):
    """The top level of a configuration."""

    model_config = STRICT

    seed: NonNegativeInt
    replicates: Annotated[PositiveInt, Field(le=MOST_REPLICATES)]
    device: Literal["auto", "cpu", "cuda"]
    threads: Literal["auto"] | Annotated[PositiveInt, Field(le=MOST_THREADS)]
    video: bool
    name: str | None
    outputs: Annotated[str, Field(min_length=1)]
    resume: bool
    checkpoint: Checkpoint
    sweep: Sweep
    substrate: Tree
    patterns: Tree
    cue: Tree
    protocol: Tree
    controls: Tree
    tracking: Tree
    metrics: Tree = Field(default_factory=dict)
    figures: Tree = Field(default_factory=dict)
    cues: Tree = Field(default_factory=dict)


PARTS: dict[str, type[BaseModel]] = {"checkpoint": Checkpoint, "sweep": Sweep}
GROUPS = ("substrate", "patterns", "cue", "protocol", "controls", "tracking")


def checked(config: Tree) -> Settings:
    """The settings of a resolved configuration; Refused names every key that is wrong."""
    try:
        settings = Settings.model_validate(config)
    except ValidationError as error:
        raise Refused("\n".join(complaints(error, known=tuple(Settings.model_fields)))) from error
    objects = {group: config[group] for group in GROUPS}
    objects |= {f"cues.{name}": cue for name, cue in settings.cues.items()}
    for path, node in objects.items():
        if not (isinstance(node, dict) and "_target_" in node):
            raise Refused(f"{path} must be a mapping with a _target_ inside memlab, got {node!r}")
    for path, node in targets(config):
        if not str(node["_target_"]).startswith(PACKAGE):
            raise Refused(
                f"{path}._target_ must name something inside memlab, got {node['_target_']!r}"
            )
    return settings


def targets(tree: Any, path: str = "") -> Iterator[tuple[str, Tree]]:
    """Every node that stands for an object, with its key."""
    if isinstance(tree, Mapping):
        if "_target_" in tree:
            yield path, dict(tree)
        for key, value in tree.items():
            yield from targets(value, f"{path}.{key}" if path else str(key))
    elif isinstance(tree, list):
        for index, value in enumerate(tree):
            yield from targets(value, f"{path}.{index}")


def check_parameters(path: str, node: Tree, target: Callable[..., object]) -> None:
    """Raise Refused if a node gives a parameter that its target does not have."""
    known = tuple(inspect.signature(target).parameters)
    for key in node:
        if key not in known and key not in DIRECTIVES:
            name = node["_target_"].rsplit(".", 1)[-1]
            raise Refused(f"{path}.{key} is no parameter of {name}{suggestion(str(key), known)}")


def complaints(error: ValidationError, prefix: str = "", known: Iterable[str] = ()) -> list[str]:
    """What pydantic found, one line per key: the key, what it must be, what was given."""
    lines: dict[str, str] = {}
    for one in error.errors(include_url=False):
        within = PARTS.get(str(one["loc"][0])) if one["loc"] and not prefix else None
        path = [str(part) for part in one["loc"][: 1 if within is None else 2]]
        key = ".".join([*([prefix] if prefix else []), *path]) or error.title
        if one["type"] == "extra_forbidden":
            valid = known if within is None else within.model_fields
            lines[key] = f"there is no key {key}{suggestion(path[-1], valid)}"
        elif one["type"] == "value_error":
            lines[key] = f"{key}: {one['ctx']['error']}"
        elif one["type"] == "missing":
            lines[key] = f"{key} must be given, it is missing"
        elif key in lines:
            lines[key] = lines[key].replace(", got", f" or {demand(one['msg'])}, got")
        else:
            lines[key] = f"{key} must be {demand(one['msg'])}, got {one['input']!r}"
    return list(lines.values())


def demand(message: str) -> str:
    """``Input should be a valid integer, unable to …`` → ``a valid integer``."""
    told = re.sub("^Input (?:should be|is not) ", "", re.split(", (?:unable|got) ", message)[0])
    return re.sub(" for <class .*>$", "", told)


def suggestion(given: str, known: Iterable[str]) -> str:
    """``; did you mean kill? valid: feed, kill`` for a name that is not among those known."""
    names = sorted(known)
    near = difflib.get_close_matches(given, names, n=1, cutoff=0.6)
    question = f"; did you mean {near[0]}?" if near else ""
    return f"{question}\n  valid: {', '.join(names)}" if names else question
