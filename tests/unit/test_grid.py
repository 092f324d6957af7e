"""The axes of a sweep: from words and YAML to jobs, and what is refused before any runs."""

import pytest
from hydra import initialize_config_dir
from hydra.core.global_hydra import GlobalHydra

from memlab.app.schema import Refused
from memlab.cli import conf_dir
from memlab.sweep import grid
from memlab.sweep.design import Axis


@pytest.fixture
def loader():
    with initialize_config_dir(str(conf_dir()), version_base="1.3"):
        yield GlobalHydra.instance().config_loader()


def spanned(loader, *words, confirmed=False, **axes):
    asked = grid.overrides(words, {key.replace("__", "."): x for key, x in axes.items()}, loader)
    return grid.grid(asked, loader, confirmed=confirmed)


def test_the_last_axis_varies_fastest_and_fixed_words_come_first(loader):
    found = spanned(loader, "replicates=2", "cue=mask,half", "seed=range(1,3)")
    assert list(found.jobs())[:2] == [
        ["replicates=2", "cue=mask", "seed=1"],
        ["replicates=2", "cue=mask", "seed=2"],
    ]
    assert found.total == 4


def test_a_sweep_without_axes_is_one_job(loader):
    assert list(spanned(loader, "seed=2").jobs()) == [["seed=2"]]


@pytest.mark.parametrize(
    ("given", "values"),
    [
        ([1, 2.5], ("1", "2.5")),
        ("range(0,4,2)", ("0", "2")),
        ("choice(a,b)", ("a", "b")),
        ("3,4", ("3", "4")),
        (["a", None, True], ("a", "null", "True")),
        (["two words", "a,b"], ("'two words'", "'a,b'")),
        ([[1, 2], {"a": 1}], ("[1,2]", "{a:1}")),
        ("sort(3,1,2)", ("1", "2", "3")),
    ],
)
def test_an_axis_of_a_file_may_be_a_list_or_words(loader, given, values):
    assert spanned(loader, cue__keep=given).axes == (Axis("cue.keep", values),)


def test_the_command_line_wins_over_the_axes_of_the_file(loader):
    found = spanned(loader, "seed=7", seed=[1, 2], cue__keep=[0.1, 0.2])
    assert [axis.key for axis in found.axes] == ["cue.keep"]
    assert found.fixed == ("seed=7",)


def test_a_glob_stands_for_the_choices_it_fits(loader):
    (axis,) = spanned(loader, "substrate=glob(gray*)").axes
    assert set(axis.values) == {"gray_scott", "gray_scott_graded", "gray_scott_published"}


def test_a_value_named_twice_is_one_job(loader):
    found = spanned(loader, "seed=2,1,2", "cue=mask,mask")
    assert list(found.jobs()) == [["seed=2", "cue=mask"], ["seed=1", "cue=mask"]]
    assert found.total == 2


def test_a_shuffled_axis_has_the_same_order_every_time(loader):
    orders = {spanned(loader, "seed=shuffle(range(50))").axes[0].values for _ in range(3)}
    assert len(orders) == 1
    assert set(*orders) == {str(seed) for seed in range(50)}


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["substrate=notebok,gray_scott"], "did you mean substrate=notebook"),
        (["seed=range(0)"], "every axis must have a value, but seed has none"),
        (["substrate=glob(x*)"], "every axis must have a value, but substrate has none"),
        (["cue.keep=interval(0,1)"], "search it with sweep.search=optuna"),
        (["seed=range(1,3,0)"], "a range needs a step other than 0"),
        (["sweep.trials=1,2"], "sweep.trials belongs to the sweep as a whole"),
        (["seed=range(1000000)"], "1,000,000 jobs .*sweep.confirm=true"),
        (["seed=range(1000)", "replicates=range(1,1001)"], "1,000 seed x 1,000 replicates"),
        (["seed=range(1000000000000)"], "1,000,000,000,000 jobs"),
    ],
)
def test_what_is_no_grid_is_refused_at_once(loader, words, message):
    with pytest.raises(Refused, match=message):
        spanned(loader, *words)


@pytest.mark.parametrize("values", [[], "", None, {"a": 1}])
def test_an_axis_of_a_file_without_values_is_refused(loader, values):
    with pytest.raises(Refused, match=r"sweep\.axes\.seed must be a value, a list of them"):
        spanned(loader, seed=values)


def test_many_jobs_start_once_they_are_confirmed(loader):
    assert spanned(loader, "seed=range(20000)", confirmed=True).total == 20000


def test_between_them_the_samples_hold_every_value_once(loader):
    found = spanned(loader, "substrate=notebook,gray_scott", "cue=mask,half", "seed=1,2")
    assert list(found.samples()) == [
        ["substrate=notebook", "cue=mask", "seed=1"],
        ["substrate=gray_scott", "cue=mask", "seed=1"],
        ["substrate=notebook", "cue=half", "seed=1"],
        ["substrate=notebook", "cue=mask", "seed=2"],
    ]


def test_a_long_axis_is_sampled_in_part(loader):
    assert len(list(spanned(loader, "seed=range(1000)").samples())) == 32


@pytest.mark.parametrize("key", ["tracking", "resume", "sweep.trials", "outputs"])
def test_what_belongs_to_the_sweep_as_a_whole_is_no_axis(loader, key):
    with pytest.raises(Refused, match="belongs to the sweep as a whole"):
        spanned(loader, f"{key}=a,b")
