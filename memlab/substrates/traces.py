"""The stable Hebbian layer inside a medium: its settings, and what it remembers in an engram."""

from dataclasses import fields

from memlab.hebbian.stable import Stable, Traces
from memlab.substrate import Engram, Substrate


def layer_of(medium: Substrate) -> Stable:
    """The layer whose settings are those of the medium, by name."""
    return Stable(**{field.name: getattr(medium, field.name) for field in fields(Stable)})


def traces_of(engram: Engram) -> Traces:
    """What the layer remembers."""
    return Traces(**{field.name: engram[field.name] for field in fields(Traces)})


def keep(engram: Engram, traces: Traces) -> None:
    """Let an engram hold that."""
    for name, one in vars(traces).items():
        engram[name] = one
