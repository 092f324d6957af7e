"""The tasks that ask for the past, and what is measured in them."""

from collections.abc import Callable
from functools import cache

from memlab.cells.tasks import (
    Task,
    adding,
    carry,
    forecast,
    mackey_glass,
    recall,
    sine,
    single_item,
)

FIT, LOSS, PEAK = "R²", "loss / variance", "highest loss / variance"
STREAM = "half"  # the task of a stream that is learned while it runs

TASKS: dict[str, Callable[[], Task]] = {
    "recall_10": lambda: recall(10),
    "recall_20": lambda: recall(20),
    "single_50": lambda: single_item(50),
    "adding_50": lambda: adding(50),
    "sine": lambda: forecast(sine(50, 3000), 10, 20),
    "mackey_glass": lambda: forecast(mackey_glass(4000), 10, 30),
    "carry": carry,
}


@cache
def task_of(name: str) -> Task:
    """The task of that name; its series, where it has one, is integrated once."""
    return TASKS[name]()
