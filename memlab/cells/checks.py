"""What the size of a cell must be."""

import numpy as np

from memlab.checks import check_whole

LARGEST = 2**20  # of a size, as in the compiled core


def check_size(name: str, value: object, least: int = 1) -> None:
    """Refuse what is no size of a cell."""
    check_whole(name, value, least, LARGEST)


def plain(value: object) -> object:
    """A number of numpy as one of Python, anything else as it is."""
    return value.item() if isinstance(value, np.generic) else value
