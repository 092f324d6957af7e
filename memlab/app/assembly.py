"""From checked settings to live objects."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, cast, final

import torch
from hydra.errors import InstantiationException
from hydra.utils import get_object, instantiate
from pydantic import ValidationError

from memlab.app.results import Drawing
from memlab.app.schema import (
    Refused,
    Settings,
    Tree,
    check_parameters,
    complaints,
    suggestion,
    targets,
)
from memlab.claims import Claim
from memlab.experiment import Experiment, Plan, media_of, prepare
from memlab.metrics.measure import Measure
from memlab.report import Reference
from memlab.session import Session

SECTIONS = ("scalars", "claims", "references")  # of the metrics


@final
@dataclass(frozen=True)
class Instruments:
    """What is computed and drawn from a session."""

    scalars: dict[str, Callable[[Session], Measure]]
    claims: dict[str, Claim]
    references: list[Reference]
    figures: dict[str, Drawing]


def planned(settings: Settings, protocol_name: str) -> Plan:
    """Everything built and checked; Refused if any of it cannot be."""
    if settings.threads != "auto":
        torch.set_num_threads(settings.threads)
    experiment = Experiment(
        seed=settings.seed,
        replicates=settings.replicates,
        device=device(settings.device),
        video=settings.video,
        substrate=built("substrate", settings.substrate),
        patterns=built("patterns", settings.patterns),
        cue=built("cue", settings.cue),
        cues={name: built(f"cues.{name}", cue) for name, cue in settings.cues.items()},
        protocol=built("protocol", settings.protocol),
        protocol_name=protocol_name,
        controls=shared("controls", settings.controls),
    )
    try:
        return prepare(experiment)
    except ValidationError as error:  # the substrate is the one part that is built there
        raise Refused(reason(error, "substrate")) from error
    except (ValueError, TypeError) as error:
        raise Refused(str(error)) from error


def constructible(settings: Settings) -> None:
    """Raise Refused if a part of a run cannot be built; nothing is drawn and nothing computed."""
    space = shared("patterns", settings.patterns).space
    for name, cue in {"cue": settings.cue, **settings.cues}.items():
        shared(name if name == "cue" else f"cues.{name}", cue)
    shared("controls", settings.controls)
    arms = shared("protocol", settings.protocol).arms()
    substrate = shared("substrate", settings.substrate)
    try:
        media_of(substrate, space, {arm.medium for arm in arms})
    except ValidationError as error:
        raise Refused(reason(error, "substrate")) from error
    except (ValueError, TypeError) as error:
        raise Refused(str(error)) from error
    prepared(settings)


def prepared(settings: Settings) -> Instruments:
    """The metrics, claims, references and figures of the configuration."""
    for name in settings.metrics:
        if name not in SECTIONS:
            raise Refused(f"there is no key metrics.{name}{suggestion(name, SECTIONS)}")
    found = {name: shared(f"metrics.{name}", settings.metrics.get(name)) for name in SECTIONS}
    return Instruments(
        found["scalars"],
        found["claims"],
        list(found["references"]),
        shared("figures", settings.figures),
    )


def shared(path: str, node: Any) -> Any:
    """As ``built``, but once per process: for parts that are functions and never change."""
    return built_once(path, json.dumps(node or {}))


@lru_cache(maxsize=64)  # many jobs of a sweep have the same metrics, figures and controls
def built_once(path: str, text: str) -> Any:
    """The object that a part of the configuration, as JSON, stands for."""
    return built(path, json.loads(text))


def built(path: str, node: Any) -> Any:
    """The object, or the collection of objects, that a part of the configuration stands for."""
    for inner, target in targets(node, path):
        check_parameters(inner, target, located(inner, target))
    try:
        return instantiate(node, _convert_="all")
    except InstantiationException as error:
        cause = error.__cause__ or error
        raise Refused(reason(cause, path)) from error


def located(path: str, node: Tree) -> Callable[..., object]:
    """The class or function a node names."""
    name = str(node["_target_"])
    try:
        found = get_object(name)
    except (ValueError, ImportError) as error:
        raise Refused(f"{path}._target_ must name something in memlab, got {name!r}") from error
    if not callable(found):
        raise Refused(f"{path}._target_ must name a class or a function, got {name!r}")
    return cast("Callable[..., object]", found)


def reason(error: BaseException, path: str) -> str:
    """Why the part under this key could not be built."""
    if isinstance(error, ValidationError):
        return "\n".join(complaints(error, prefix=path))
    return f"{path}: {error}"


def device(asked: str) -> torch.device:
    """The device asked for; auto takes a GPU where there is one."""
    available = torch.cuda.is_available()
    if asked == "cuda" and not available:
        raise Refused("device must be auto or cpu: this machine has no CUDA device, got cuda")
    return torch.device("cuda" if available and asked != "cpu" else "cpu")
