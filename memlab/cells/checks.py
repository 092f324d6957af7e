"""What parameters of a model must be, said once."""

import math
from numbers import Integral, Real

import numpy as np

LARGEST = 2**20  # of a size, as in the compiled core


def check_whole(name: str, value: object, least: int = 1, most: int = 2**63 - 1) -> None:
    """Refuse what is no whole number from ``least`` to ``most``."""
    whole = isinstance(value, Integral) and not isinstance(value, bool)
    if not whole or int(value) < least:  # type: ignore[call-overload]
        raise ValueError(f"{name} must be a whole number of at least {least}, got {value!r}")
    if int(value) > most:  # type: ignore[call-overload]
        raise ValueError(f"{name} must be a whole number of at most {most}, got {value!r}")


def check_size(name: str, value: object, least: int = 1) -> None:
    """Refuse what is no size of a cell."""
    check_whole(name, value, least, LARGEST)


def check_flag(name: str, value: object) -> None:
    """Refuse what is neither true nor false; words and numbers would pass for true."""
    if not isinstance(value, bool | np.bool_):
        raise ValueError(f"{name} must be True or False, got {value!r}")


def check_number(name: str, value: object, low: float, high: float, *, holds: str) -> None:
    """Refuse what is no number in ``[low, high)``; ``holds`` says that range to a person."""
    real = isinstance(value, Real) and not isinstance(value, bool)
    if not real or not math.isfinite(float(value)) or not low <= float(value) < high:  # type: ignore[arg-type]
        raise ValueError(f"{name} must be {holds}, got {value!r}")


def check_choice(name: str, value: object, valid: tuple[str, ...]) -> None:
    """Refuse what is none of the valid words."""
    if value not in valid:
        raise ValueError(f"{name} must be one of {', '.join(valid)}; got {value!r}")


def plain(value: object) -> object:
    """A number of numpy as one of Python, anything else as it is."""
    return value.item() if isinstance(value, np.generic) else value
