"""The memory of a search: an optuna study in the sweep's folder, which its jobs may write to."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import optuna
from optuna.distributions import BaseDistribution
from optuna.pruners import MedianPruner
from optuna.samplers import BaseSampler, RandomSampler, TPESampler
from optuna.storages import RDBStorage
from optuna.study import Study
from optuna.trial import FrozenTrial, Trial, TrialState

from memlab.app.schema import Sweep
from memlab.record.outcome import Outcome, Status, found

STORE = "study.db"
STATES = {Status.PRUNED: TrialState.PRUNED, Status.FINISHED: TrialState.COMPLETE}


def opened(folder: Path, settings: Sweep) -> Study:
    """The study of the sweep in this folder, made where there is none."""
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    return optuna.create_study(
        storage=address(folder),
        study_name=folder.name,
        direction=settings.direction,
        pruner=MedianPruner(n_startup_trials=settings.prune.warmup),
        load_if_exists=True,
    )


def address(folder: Path) -> str:
    """The address of the store of a study."""
    return f"sqlite:///{folder.resolve() / STORE}"


def sampler(settings: Sweep, trials: int) -> BaseSampler:
    """What chooses the trials that follow so many others.

    Made anew for every batch: a search that was cut off goes on as it would have.
    """
    words = np.random.SeedSequence([settings.seed, trials]).generate_state(1)
    if settings.sampler == "random":
        return RandomSampler(seed=int(words[0]))
    return TPESampler(seed=int(words[0]), constant_liar=True)


def asked(
    study: Study, settings: Sweep, space: Mapping[str, BaseDistribution], count: int
) -> list[Trial]:
    """The next trials."""
    study.sampler = sampler(settings, len(study.get_trials(deepcopy=False)))
    return [study.ask(dict(space)) for _ in range(count)]


def told(study: Study, settings: Sweep, folder: Path, number: int) -> Outcome | None:
    """Enter how the job of a trial ended, which its folder says; returns that."""
    outcome = found(folder / str(number))
    value = None if outcome is None else outcome.scalars.get(settings.metric or "")
    state = STATES.get(outcome.status) if outcome is not None else None
    if state is TrialState.COMPLETE and value is not None:
        study.tell(number, value)
    elif state is TrialState.PRUNED:
        study.tell(number, state=state)
    else:
        study.tell(number, state=TrialState.FAIL)
    return outcome


def settled(study: Study, settings: Sweep, folder: Path) -> None:
    """Enter what jobs came to whose search died meanwhile, and ask again what came to nothing."""
    for trial in study.get_trials(deepcopy=False, states=[TrialState.RUNNING]):
        outcome = told(study, settings, folder, trial.number)
        if outcome is None or outcome.status not in STATES:
            study.enqueue_trial(trial.params, user_attrs={"again": trial.number})


def ended(study: Study) -> list[FrozenTrial]:
    """The trials that came to a result, were it only that they are hopeless."""
    return study.get_trials(deepcopy=False, states=list(STATES.values()))


def hopeless(folder: Path, number: int, value: float, warmup: int) -> bool:
    """Whether a trial's early value is worse than that of half of the trials before it."""
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    storage = RDBStorage(address(folder))
    study = optuna.load_study(
        study_name=folder.name, storage=storage, pruner=MedianPruner(n_startup_trials=warmup)
    )
    known = storage.get_trial_id_from_study_id_trial_number(
        storage.get_study_id_from_name(folder.name), number
    )
    trial = Trial(study, known)
    trial.report(value, 1)
    return trial.should_prune()
