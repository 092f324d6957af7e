"""What a tree may be given, said once: numbers, and several strings."""

import math
import sys
from collections.abc import Iterable
from numbers import Integral, Real

SOME = math.ulp(0.0)  # the least number above 0
LESS = math.nextafter(1.0, 0.0)  # the largest number below 1
LARGEST = sys.float_info.max


def whole(name: str, value: object, least: int, most: float = math.inf) -> int:
    """A whole number of at least so much, and at most; ValueError for anything else."""
    known = isinstance(value, Integral) and not isinstance(value, bool)
    if not known or not least <= int(value) <= most:  # type: ignore[call-overload]
        bounds = f"of at least {least}" if most == math.inf else f"in [{least}, {most}]"
        raise ValueError(f"{name} must be a whole number {bounds}, got {value!r}")
    return int(value)  # type: ignore[call-overload,no-any-return]


def number(
    name: str, value: object, low: float = -LARGEST, high: float = LARGEST, *, holds: str
) -> float:
    """A finite number in ``[low, high]``; ``holds`` says that range to a person."""
    known = isinstance(value, Real) and not isinstance(value, bool)
    if not known or not low <= value <= high:  # type: ignore[operator]
        raise ValueError(f"{name} must be {holds}, got {value!r}")
    return float(value)  # type: ignore[arg-type]


def share(name: str, value: object) -> float:
    """A share of less than all."""
    return number(name, value, 0, LESS, holds="in [0, 1)")


def several(strings: Iterable[str]) -> Iterable[str]:
    """Strings; one alone is refused, whose characters would be taken for strings."""
    if isinstance(strings, str):
        raise TypeError(f"strings must be several, as in [{strings!r}], got one")
    return strings
