"""What a search came to: its best trials, how to run the best again, tables and figures."""

import shlex
from collections.abc import Mapping
from pathlib import Path

import pandas as pd
from optuna.importance import FanovaImportanceEvaluator, get_param_importances
from optuna.study import Study
from optuna.trial import FrozenTrial, TrialState
from rich.table import Table

from memlab.absent import Absent
from memlab.app.progress import console
from memlab.app.results import cell, markdown
from memlab.app.schema import Refused
from memlab.figures import search as figures
from memlab.figures.search import Searched, Tried
from memlab.sweep import study
from memlab.sweep.search import Search, said

FIRST = 5  # trials in the table
UNSEEN = "101,102,103"


def shown(folder: Path, search: Search) -> None:
    """Show and keep what the search in a sweep's folder came to."""
    known = study.opened(folder, search.settings)
    found = searched(known, search)
    kept = folder / "summary"
    kept.mkdir(exist_ok=True)
    frame(known, search).to_csv(kept / "trials.csv", index=False)
    if not found.finished:
        raise Refused(f"no trial finished with {found.metric}; {kept / 'trials.csv'} has them all")
    headings, rows = best(found)
    advice = advised(search, found)
    page = [markdown(headings, rows), "", *(f"{what}\n\n    {how}\n" for what, how in advice)]
    (kept / "search.md").write_text("\n".join(page), encoding="utf-8")
    draw(found, importances(known), kept)
    table = Table(title=title(found), title_justify="left")
    for heading in shortened(headings):
        table.add_column(heading)
    for row in rows:
        table.add_row(*(cell(value) for value in row))
    console().print(table)
    for what, how in advice:
        console().print(f"{what}\n  {how}", soft_wrap=True, highlight=False, markup=False)


def advised(search: Search, found: Searched) -> list[tuple[str, str]]:
    """What to do with the best trial, and how."""
    chosen, count = found.best[0].chosen, len(found.finished)
    return [
        ("The best again:", rerun(search, chosen)),
        (
            f"Its score is the best of {count} on the same patterns, and flattered by that; judge "
            "it on seeds that the search has not seen:",
            judged(search, chosen),
        ),
    ]


def searched(known: Study, search: Search) -> Searched:
    """A study as the tables and figures see it."""
    trials = (t for t in known.get_trials(deepcopy=False) if t.state.is_finished())
    scales = {key: "log=True" in repr(one) for key, one in search.space.items()}
    return Searched(
        metric=str(search.settings.metric),
        maximized=search.settings.direction == "maximize",
        scales=scales,
        trials=tuple(tried(trial) for trial in trials),
    )


def tried(trial: FrozenTrial) -> Tried:
    """One trial; the value of one that was given up is an early one and none of the metric."""
    complete = trial.state is TrialState.COMPLETE
    early = trial.value if trial.state is TrialState.PRUNED else None
    return Tried(trial.number, trial.params, trial.value if complete else None, early)


def frame(known: Study, search: Search) -> pd.DataFrame:
    """One row per trial: number, state, value of the metric, what was chosen, early value."""
    return pd.DataFrame(
        [
            {
                "trial": trial.number,
                "state": trial.state.name,
                str(search.settings.metric): tried(trial).value,
                **{key: trial.params.get(key) for key in search.space},
                **{f"early/{step}": value for step, value in trial.intermediate_values.items()},
            }
            for trial in known.get_trials(deepcopy=False)
        ]
    )


def best(found: Searched) -> tuple[list[str], list[list[object]]]:
    """The best trials as headings and rows."""
    headings = ["trial", found.metric, *found.scales]
    rows: list[list[object]] = [
        [trial.number, trial.value, *(trial.chosen[key] for key in found.scales)]
        for trial in found.best[:FIRST]
    ]
    return headings, rows


def shortened(headings: list[str]) -> list[str]:
    """Every heading by its last word, unless another has the same."""
    last = [heading.rpartition(".")[2] for heading in headings]
    return [b if last.count(b) == 1 else a for a, b in zip(headings, last, strict=True)]


def title(found: Searched) -> str:
    """What the table shows."""
    way = "highest" if found.maximized else "lowest"
    return f"The {way} {found.metric} of {len(found.finished)} finished trials"


def rerun(search: Search, chosen: Mapping[str, object]) -> str:
    """The command that runs a trial by itself."""
    return shlex.join(["python", "-m", "memlab", *asked(search, "hydra.mode=RUN", chosen)])


def judged(search: Search, chosen: Mapping[str, object]) -> str:
    """The command that runs a trial on seeds that the search has not seen."""
    words = asked(search, "sweep.search=null", chosen)
    unseen = [word for word in words if not word.startswith("seed=")]
    return shlex.join(["python", "-m", "memlab", "-m", *unseen, f"seed={UNSEEN}"])


def asked(search: Search, plain: str, chosen: Mapping[str, object]) -> list[str]:
    """The words of a trial; ``plain`` makes a sweep's file something else than a search."""
    fixed = [word for word in search.fixed if not word.startswith("sweep.")]
    whole = [plain] if any(word.startswith("sweep=") for word in fixed) else []
    return [*fixed, *whole, *(f"{key}={said(value)}" for key, value in chosen.items())]


def importances(known: Study) -> dict[str, float]:
    """The share of the metric's variance that each axis accounts for; none if it has none."""
    try:
        return dict(get_param_importances(known, evaluator=FanovaImportanceEvaluator(seed=1)))
    except (ValueError, RuntimeError):  # fewer than two trials, or all of them equal
        return {}


def draw(found: Searched, shares: Mapping[str, float], folder: Path) -> None:
    """Draw every figure of a search."""
    drawn = {
        "search_history": figures.history(found),
        "search_parallel": figures.parallel(found),
        "search_slices": figures.slices(found),
        "search_importances": figures.importances(found, shares),
    }
    for name, figure in drawn.items():
        if not isinstance(figure, Absent):
            figure.savefig(folder / f"{name}.png")
