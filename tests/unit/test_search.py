"""A search: what it searches in, how it goes on, and when it gives a trial up."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from hydra import initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from hydra.core.override_parser.overrides_parser import OverridesParser
from matplotlib.figure import Figure

from memlab.absent import Absent
from memlab.app import pruning
from memlab.app.pruning import Pruned, promising, so_far
from memlab.app.schema import Prune, Refused, Sweep
from memlab.cli import conf_dir
from memlab.figures import search as figures
from memlab.figures.search import Searched, Tried
from memlab.position import Position
from memlab.record.outcome import Outcome, Status
from memlab.record.place import Place
from memlab.sweep import grid
from tests.unit.sessions import three_phase

optuna = pytest.importorskip("optuna")

from memlab.sweep import search as searching  # noqa: E402  they need optuna
from memlab.sweep import study, trials  # noqa: E402

GIVEN = Sweep(
    question="",
    axes={},
    jobs=1,
    confirm=False,
    figures="auto",
    figures_up_to=24,
    search="optuna",
    metric="recall",
    direction="maximize",
    trials=6,
    parallel=2,
    sampler="tpe",
    seed=1,
    prune=Prune(metric=None, warmup=2),
)


@pytest.fixture
def loader():
    with initialize_config_dir(str(conf_dir()), version_base="1.3"):
        yield GlobalHydra.instance().config_loader()


def asked(loader, *words, given=GIVEN, workers=1):
    return searching.search(grid.overrides(words, {}, loader), given, loader, workers)


def ended(folder, number, status=Status.FINISHED, **scalars):
    place = folder / str(number)
    place.mkdir(parents=True, exist_ok=True)
    return Outcome(status, str(place), (), scalars=scalars).save()


def score(job):
    """What the job with these overrides would come to: best at keep = 0.5."""
    keep = next(float(word.partition("=")[2]) for word in job if word.startswith("cue.keep="))
    return 1 - abs(keep - 0.5)


def searched(search, folder):
    """Run a whole search, every job of which finishes; the numbers of its batches."""
    numbers = []
    for batch in search.batches(folder):
        for place, job in enumerate(batch.jobs):
            ended(folder, batch.first + place, recall=score(job))
        numbers.append(list(range(batch.first, batch.first + len(batch.jobs))))
    return numbers


@pytest.mark.parametrize(
    ("words", "kind", "fields"),
    [
        ("seed=interval(1,9)", "Int", {"low": 1, "high": 9}),
        ("cue.keep=interval(1,9.0)", "Float", {"low": 1, "high": 9}),
        ("cue.keep=int(interval(1,9.5))", "Int", {"low": 1, "high": 9}),
        ("cue.keep=tag(log,interval(0.01,1))", "Float", {"log": True}),
        ("seed=tag(log,interval(1,100))", "Int", {"log": True}),
        ("seed=range(1,8,3)", "Int", {"low": 1, "high": 7, "step": 3}),
        ("cue.keep=range(0.1,0.5,0.1)", "Float", {"low": 0.1, "high": 0.4, "step": 0.1}),
        ("cue=choice(mask,half)", "Categorical", {"choices": ("mask", "half")}),
        ("seed=3,4", "Categorical", {"choices": ("3", "4")}),
    ],
)
def test_an_axis_is_searched_as_it_was_given(loader, words, kind, fields):
    (found,) = asked(loader, words).space.values()
    assert type(found).__name__ == f"{kind}Distribution"
    assert {name: vars(found).get(f"_{name}", vars(found).get(name)) for name in fields} == (
        pytest.approx(fields) if kind != "Categorical" else fields
    )


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ((), "a search needs an axis"),
        (("cue.keep=interval(1,0)",), "is nothing to search in"),
        (("cue.keep=tag(log,interval(0,1))",), "is nothing to search in"),
        (("seed=range(3,1)",), "a range must go up"),
        (("cue=mask,halff",), "did you mean cue=half"),
    ],
)
def test_what_cannot_be_searched_is_refused(loader, words, message):
    with pytest.raises(Refused, match=message):
        asked(loader, *words)


def test_a_search_for_nothing_is_refused(loader):
    with pytest.raises(Refused, match=r"a search needs sweep\.metric"):
        asked(loader, "seed=1,2", given=GIVEN.model_copy(update={"metric": None}))


def test_without_optuna_it_is_said_how_it_comes(loader, monkeypatch):
    monkeypatch.setattr(searching, "find_spec", lambda _: None)
    with pytest.raises(Refused, match=r'pip install "memlab\[search\]"'):
        asked(loader, "seed=1,2")


def test_as_many_trials_are_asked_for_at_once_as_there_are_workers(loader):
    given = GIVEN.model_copy(update={"parallel": "auto"})
    assert asked(loader, "seed=1,2", given=given, workers=3).parallel == 3


def test_jobs_are_numbered_as_their_trials(loader, tmp_path):
    search = asked(loader, "replicates=2", "cue.keep=interval(0.0,1.0)")
    assert searched(search, tmp_path) == [[0, 1], [2, 3], [4, 5]]


def test_the_same_search_asks_for_the_same_trials(loader, tmp_path):
    search = asked(loader, "cue.keep=interval(0.0,1.0)", "cue=mask,half")
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        searched(search, tmp_path / name)
    first, second = (study.opened(tmp_path / name, GIVEN).trials for name in ("one", "two"))
    assert [trial.params for trial in first] == [trial.params for trial in second]


def test_a_job_runs_with_the_very_number_the_study_holds(loader, tmp_path):
    found = asked(loader, "cue.keep=interval(0.1,0.9)")
    jobs = [job for batch in found.batches(tmp_path) for job in batch.jobs]
    held = [one.params["cue.keep"] for one in study.opened(tmp_path, GIVEN).get_trials()]
    parser = OverridesParser.create()
    assert [parser.parse_overrides(job)[0].value() for job in jobs] == held != []


def test_a_search_that_is_asked_for_more_goes_on(loader, tmp_path):
    words = ("cue.keep=interval(0.0,1.0)",)
    searched(asked(loader, *words), tmp_path)
    assert searched(asked(loader, *words), tmp_path) == []
    more = GIVEN.model_copy(update={"trials": 7})
    assert searched(asked(loader, *words, given=more), tmp_path) == [[6]]


def test_what_a_dead_search_left_is_taken_up_or_asked_again(loader, tmp_path):
    search = asked(loader, "cue.keep=interval(0.0,1.0)")
    first = next(search.batches(tmp_path))  # and nobody ever comes back
    ended(tmp_path, 0, recall=score(first.jobs[0]))
    ended(tmp_path, 1, status=Status.KILLED)
    again = next(search.batches(tmp_path))
    assert again.first == 2
    assert again.jobs[0] == first.jobs[1]
    states = [trial.state.name for trial in study.opened(tmp_path, GIVEN).trials]
    assert states[:3] == ["COMPLETE", "FAIL", "RUNNING"]


def test_a_failed_job_is_a_failed_trial_and_stops_nothing(loader, tmp_path):
    search = asked(loader, "cue.keep=interval(0.0,1.0)")
    for batch in search.batches(tmp_path):
        ended(tmp_path, batch.first, status=Status.FAILED)
        ended(tmp_path, batch.first + 1, recall=0.5)
    states = [trial.state.name for trial in study.opened(tmp_path, GIVEN).trials]
    assert states == ["FAIL", "COMPLETE"] * 3


def test_batches_have_numbers_in_a_row():
    jobs = {number: [str(number)] for number in (3, 4, 7)}
    batches = list(searching.consecutive(jobs))
    assert [(batch.first, len(batch.jobs)) for batch in batches] == [(3, 2), (7, 1)]


def test_a_search_leaves_tables_and_figures_and_says_how_to_go_on(loader, tmp_path, capsys):
    search = asked(loader, "sweep=a", "sweep.trials=6", "cue.keep=interval(0.0,1.0)")
    searched(search, tmp_path)
    search.concluded(tmp_path)
    kept = tmp_path / "summary"
    assert len((kept / "trials.csv").read_text().splitlines()) == 7
    pictures = {path.stem for path in kept.glob("*.png")}
    assert {"search_history", "search_parallel", "search_slices"} <= pictures
    told = capsys.readouterr().out
    assert "python -m memlab sweep=a hydra.mode=RUN cue.keep=0." in told
    assert "python -m memlab -m sweep=a sweep.search=null cue.keep=0." in told


def test_a_search_of_which_nothing_finished_says_so(loader, tmp_path):
    search = asked(loader, "cue.keep=interval(0.0,1.0)")
    for batch in search.batches(tmp_path):
        for place in range(len(batch.jobs)):
            ended(tmp_path, batch.first + place, status=Status.FAILED)
    with pytest.raises(Refused, match="no trial finished with recall"):
        search.concluded(tmp_path)


def test_importances_are_those_of_what_matters(loader, tmp_path):
    given = GIVEN.model_copy(update={"trials": 30, "parallel": 10, "sampler": "random"})
    search = asked(loader, "cue.keep=interval(0.0,1.0)", "seed=interval(1,9)", given=given)
    searched(search, tmp_path)
    shares = trials.importances(study.opened(tmp_path, given))
    assert shares["cue.keep"] > 0.9


def test_equal_trials_have_no_importances():
    found = Searched("recall", True, {"seed": False}, (Tried(0, {"seed": 1}, 0.5),))
    assert isinstance(figures.importances(found, {}), Absent)
    for drawn in (figures.history, figures.parallel, figures.slices):
        assert isinstance(drawn(found), Figure)


def test_the_lowest_is_the_best_where_less_is_asked_for():
    tried = tuple(Tried(n, {"seed": n}, value) for n, value in enumerate((0.5, 0.1, None)))
    found = Searched("recall", False, {"seed": False}, tried)
    assert [trial.number for trial in found.best] == [1, 0]


@pytest.fixture
def trial(loader, tmp_path):
    """The place of a third trial after two that finished with an early value of 0.5."""
    search = asked(loader, "cue.keep=interval(0.0,1.0)")
    known = study.opened(tmp_path, GIVEN)
    for number in range(2):
        known.ask(dict(search.space))
        assert not study.hopeless(tmp_path, number, 0.5, warmup=2)
        known.tell(number, 0.5)
    known.ask(dict(search.space))
    return Place(tmp_path / "2", tmp_path, tmp_path, (), {}, tmp_path.name)


def went(place, value):
    """A run of three acts whose early metric is known after the second one."""
    after = iter([Absent("not yet"), torch.full((2,), value), torch.zeros(2)])
    sweep = GIVEN.model_copy(update={"prune": Prune(metric="early", warmup=2)})
    positions = iter([Position(three_phase(2, 8))] * 3)
    return list(promising(positions, {"early": lambda _: next(after)}, sweep, place))


def test_a_trial_worse_than_half_of_those_before_it_is_given_up(trial):
    with pytest.raises(Pruned, match=r"early = 0.1 is no better than the median"):
        went(trial, 0.1)


def test_a_promising_trial_is_asked_once_and_goes_on(trial):
    assert len(went(trial, 0.9)) == 3


def test_a_run_outside_a_search_is_never_given_up(trial):
    assert len(went(replace(trial, sweep=None), 0.1)) == 3


def test_a_study_that_cannot_be_asked_stops_no_run(trial, caplog):
    lost = replace(trial, folder=Path(trial.folder, "nowhere", "7"))
    assert len(went(lost, 0.1)) == 3
    assert "the run goes on" in caplog.text


def test_a_metric_is_known_once_its_recall_is_there():
    whole = three_phase(2, 8)
    metric = lambda found: torch.tensor([float(len(found.recalls))])  # noqa: E731
    begun = Position(replace(whole, recalls=[]), recall=whole.recalls[0])
    assert so_far(metric, begun) == 1

    def missing(_):
        raise KeyError("no recall")

    assert so_far(missing, begun) is None
    assert pruning.so_far(lambda _: Absent("not yet"), begun) is None
