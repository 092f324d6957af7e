"""Settings against one another, on cases small enough to be worked out by hand."""

from dataclasses import replace

import pytest

from memlab.app.schema import Refused
from memlab.compare import page
from memlab.compare.comparison import Unit, compared
from memlab.compare.measures import chosen, direction, main
from memlab.compare.settings import newest, of_config, of_overrides, settings, told_apart
from memlab.compare.sources import brief
from memlab.compare.tables import comma_separated, markdown
from memlab.compare.words import notes, tally
from memlab.figures.comparison import curve_figure, curve_of, settings_figure
from memlab.record.outcome import Outcome, Status


def job(*overrides, value=0.0, values=(), measure="after/pearson", verdict=None, folder="/none"):
    said = {"learned": verdict} if verdict else {}
    factors = {"substrate": "notebook", "cue": "mask"}
    means, rows = {measure: value}, {measure: tuple(values)}
    return Outcome(
        Status.FINISHED, folder, overrides, factors, scalars=means, values=rows, verdicts=said
    )


def comparison(*jobs, baseline=""):
    return compared(settings([of_overrides(one) for one in jobs]), baseline)


def seeds(cue, *values, first=1, measure="after/pearson"):
    return [
        job(f"cue={cue}", f"seed={first + i}", value=x, measure=measure)
        for i, x in enumerate(values)
    ]


def test_seeds_of_one_setting_are_put_together():
    found = comparison(*seeds("mask", 0, 1, 2), *seeds("half", 5))
    entries = found.measures["after/pearson"]
    assert [(name, one.estimate.mean, one.estimate.n) for name, one in entries.items()] == [
        ("mask", 1, 3),
        ("half", 5, 1),
    ]


def test_a_choice_is_named_alone_and_a_parameter_with_its_key():
    jobs = [job("cue=mask", "replicates=4"), job("cue=half", "replicates=8")]
    assert [one.name for one in settings([of_overrides(one) for one in jobs])] == [
        "mask, replicates=4",
        "half, replicates=8",
    ]


def test_a_sweep_over_seeds_alone_is_named_by_its_substrate():
    assert [one.name for one in settings([of_overrides(one) for one in seeds("mask", 1, 2)])] == [
        "notebook"
    ]


def test_what_only_says_where_results_go_is_no_setting():
    aside = ("sweep.figures=never", "tracking=none", "+resume=false", "outputs=x", "~cue")
    jobs = [job("cue=mask", word, "seed=1") for word in (*aside, "hydra.verbose=true")]
    trials = [of_overrides(one) for one in jobs]
    assert {key for trial in trials for key in trial.asked} == {"cue", "~cue"}


def test_differences_are_paired_by_seed_whatever_their_order():
    base = seeds("mask", 1, 2, 4)
    other = [job("cue=half", f"seed={seed}", value=x) for seed, x in ((3, 5), (1, 2), (2, 3))]
    found = comparison(*base, *other).measures["after/pearson"]["half"].difference
    assert found.estimate.values == (1, 1, 1)
    assert found.p == 0.25  # 2 of the 8 sign patterns


def test_seeds_that_one_setting_lacks_are_left_out_of_its_difference_and_told():
    found = comparison(*seeds("mask", 1, 2, 4, 8), *seeds("half", 6, 9, 9, first=3))
    entry = found.measures["after/pearson"]["half"]
    assert (entry.estimate.n, entry.difference.estimate.values) == (3, (2, 1))
    assert any("half has seeds 3, 4, 5" in line for line in notes(found))


def test_p_is_corrected_over_the_settings_of_a_measure():
    base = seeds("mask", *[0] * 6)
    up, down = seeds("half", *[1, 2, 3, 4, 5, 6]), seeds("wedge", *[1, 1, 1, 1, -1, -1])
    entries = comparison(*base, *up, *down).measures["after/pearson"]
    ps = {name: one.difference for name, one in entries.items() if name != "mask"}
    assert ps["half"].p == 2 / 64
    assert ps["half"].p_holm == 4 / 64
    assert ps["wedge"].p == (15 + 6 + 1) * 2 / 64  # |sum| of at least 2
    assert ps["wedge"].p_holm == ps["wedge"].p
    assert (ps["half"].compared, ps["half"].least) == (2, 4 / 64)


def test_one_seed_each_is_paired_by_replicate():
    jobs = [
        job("cue=mask", "seed=1", value=2, values=(1, 2, 3)),
        job("cue=half", "seed=1", value=3, values=(2, 3, 4)),
    ]
    found = comparison(*jobs)
    assert found.unit is Unit.REPLICATES
    assert found.measures["after/pearson"]["half"].difference.estimate.values == (1, 1, 1)
    assert "replicates of one run, seed 1" in notes(found)[0]


def test_replicates_of_different_seeds_are_not_paired():
    jobs = [job(f"cue={c}", f"seed={s}", values=(1, 2)) for c, s in (("mask", 1), ("half", 2))]
    difference = comparison(*jobs).measures["after/pearson"]["half"].difference
    assert difference.reason == "nothing to pair: no seed in common"


def test_too_few_seeds_are_said_with_the_smallest_p():
    found = comparison(*seeds("mask", 1, 2, 3), *seeds("half", 4, 5, 7))
    assert any("n = 3: the smallest p is .250, above .050" in line for line in notes(found))


def test_enough_pairs_that_too_many_comparisons_spoil_are_said_so():
    found = comparison(
        *(one for n, cue in enumerate("abc") for one in seeds(cue, *[n + i * n for i in range(6)]))
    )
    assert any("the smallest p is .031, .062 after 2 comparisons" in line for line in notes(found))


def test_the_baseline_can_be_chosen_and_an_unknown_one_is_refused():
    jobs = [*seeds("mask", 1, 2), *seeds("half", 3, 5)]
    entries = comparison(*jobs, baseline="half").measures["after/pearson"]
    assert entries["mask"].difference.estimate.values == (-2, -3)
    with pytest.raises(Refused, match=r"did you mean half\?"):
        comparison(*jobs, baseline="hlaf")


def test_the_best_is_marked_only_where_values_differ_and_one_is_better():
    high = comparison(*seeds("mask", 1, 2), *seeds("half", 3, 5)).measures["after/pearson"]
    assert [name for name, one in high.items() if one.best] == ["half"]
    same = comparison(*seeds("mask", 1, 2), *seeds("half", 2, 1)).measures["after/pearson"]
    assert not any(one.best for one in same.values())


@pytest.mark.parametrize("measure", ["after/hidden_pearson", "memory/bits_per_byte"])
def test_more_of_what_is_recalled_is_better(measure):
    assert direction(measure) == 1


@pytest.mark.parametrize(
    "measure",
    [
        "memory/bytes",
        "recall/background",
        "after/faded",
        "forgetting/decay",
        "forgetting/proactive",
    ],
)
def test_less_of_a_loss_or_a_cost_is_better(measure):
    found = comparison(*seeds("mask", 1, 2, measure=measure), *seeds("half", 3, 5, measure=measure))
    assert [name for name, one in found.measures[measure].items() if one.best] == ["mask"]


@pytest.mark.parametrize(
    "measure",
    [
        "recall/coverage",
        "forgetting/retention",
        "time/to_peak",
        "control/nearest",
        "unwritten/pearson",
        "claim/decay",
        "control/faded",
    ],
)
def test_what_is_neither_good_nor_bad_by_itself_has_no_best(measure):
    assert direction(measure) == 0


def test_the_main_measures_come_first_and_others_by_pattern():
    known = ["memory/bytes", "after/pearson", "after/iou"]
    assert main(known) == ["after/pearson"]
    assert chosen(["after/*"], known) == ["after/pearson", "after/iou"]
    with pytest.raises(Refused, match=r"did you mean after/iou\?"):
        chosen(["after/iuo"], known)


def test_a_value_that_a_run_lacks_is_no_value_of_the_setting():
    jobs = [*seeds("mask", 1, float("nan"), 3), *seeds("half", 1, 2, 5)]
    entries = comparison(*jobs).measures["after/pearson"]
    assert entries["mask"].estimate.n == 2
    assert entries["half"].difference.estimate.values == (0, 2)


def test_verdicts_are_counted_by_setting():
    jobs = [job("cue=mask", f"seed={i}", verdict=v) for i, v in enumerate(["holds", "holds", "no"])]
    assert tally(comparison(*jobs).verdicts["learned"]["notebook"]) == "holds 2 of 3, no 1 of 3"


def test_configurations_are_compared_by_choices_and_by_what_those_do_not_settle(tmp_path):
    trials = []
    for number, (medium, feed) in enumerate([("field", 0.1), ("field", 0.2), ("notebook", None)]):
        folder = tmp_path / str(number)
        folder.mkdir()
        text = f"seed: 1\nname: n{number}\nsubstrate: {{_target_: {medium}, feed: {feed}}}\n"
        (folder / "config.yaml").write_text(text)
        outcome = Outcome(Status.FINISHED, str(folder), (), {"substrate": medium, "figures": "x"})
        trials.append(of_config(outcome, folder))
    assert [one.name for one in settings(trials)] == [
        "field, substrate.feed=0.1",
        "field, substrate.feed=0.2",
        "notebook, substrate.feed=None",
    ]


def test_the_same_setting_and_seed_from_two_places_is_told_apart():
    trial = of_overrides(job("cue=mask", "seed=1"))
    assert [one.name for one in settings(told_apart({"old": [trial], "new": [trial]}))] == [
        "old",
        "new",
    ]


def test_of_runs_that_repeat_one_another_the_newest_counts():
    runs = [of_overrides(replace(job("seed=1", folder=f"/runs/{n}"), at=n)) for n in (9, 10, 2)]
    assert [trial.outcome.folder for trial in newest(runs)] == ["/runs/10"]


def test_names_that_end_alike_are_told_apart():
    assert brief(["a/0", "b/1"]) == ["0", "1"]
    assert brief(["a/0", "b/0"]) == ["a/0", "b/0"]


def test_tables_keep_every_number_and_escape_what_markdown_reads():
    found = comparison(*seeds("a|b", 1, 2), *seeds("half", 3, 5))
    lines = comma_separated(found).splitlines()
    assert lines[0].startswith("measure,setting,mean,low,high,n,unit,best,baseline,difference_mean")
    assert len(lines) == 3
    assert "| a\\|b |" in markdown(found)


def test_a_page_shows_words_as_they_are():
    text = page.page("<b>", [page.table(("a<",), [("<script>alert(1)</script>",)])])
    assert "<script>alert" not in text
    assert "&lt;script&gt;alert(1)" in text


def test_a_number_that_was_varied_becomes_a_curve_per_choice():
    jobs = [
        job(f"cue={cue}", f"protocol.targets={n}", f"seed={seed}", value=seed / n)
        for cue in ("mask", "half")
        for n in (1, 10, 100)
        for seed in (1, 2)
    ]
    found = comparison(*jobs)
    curve = curve_of(found)
    assert (curve.along, curve.across, curve.names) == ("protocol.targets", "cue", ["mask", "half"])
    assert curve.logarithmic
    axes = curve_figure(found).axes[0]
    assert axes.get_xscale() == "log"


def test_two_values_are_no_curve():
    jobs = [job(f"cue.keep={x}", f"seed={s}", value=x) for x in (0.1, 0.2) for s in (1, 2)]
    assert curve_of(comparison(*jobs)).reason == "no number was varied over at least 3 values"
    assert len(settings_figure(comparison(*jobs)).axes) == 1
