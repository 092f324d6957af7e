"""What a person may give for a number, a flag or a word, said once."""

import sys
from numbers import Integral, Real

import numpy as np


def check_whole(name: str, value: object, least: int = 1, most: int = 2**63 - 1) -> int:
    """A whole number from ``least`` to ``most``; ValueError for anything else."""
    whole = isinstance(value, Integral) and not isinstance(value, bool)
    if not whole or int(value) < least:  # type: ignore[call-overload]
        raise ValueError(f"{name} must be a whole number of at least {least}, got {value!r}")
    if int(value) > most:  # type: ignore[call-overload]
        raise ValueError(f"{name} must be a whole number of at most {most}, got {value!r}")
    return int(value)  # type: ignore[call-overload,no-any-return]


def check_number(name: str, value: object, low: float, high: float, *, holds: str) -> float:
    """A finite number in ``[low, high)``; ``holds`` says that range to a person."""
    real = isinstance(value, Real) and not isinstance(value, bool)
    if not real or not low <= value < high or abs(value) > sys.float_info.max:  # type: ignore[operator, arg-type]
        raise ValueError(f"{name} must be {holds}, got {value!r}")
    return float(value)  # type: ignore[arg-type]


def check_flag(name: str, value: object) -> None:
    """Refuse what is neither true nor false; words and numbers would pass for true."""
    if not isinstance(value, bool | np.bool_):
        raise ValueError(f"{name} must be True or False, got {value!r}")


def check_choice(name: str, value: object, valid: tuple[str, ...]) -> None:
    """Refuse what is none of the valid words."""
    if value not in valid:
        raise ValueError(f"{name} must be one of {', '.join(valid)}; got {value!r}")
