"""The study of the plastic tree: growth, worth, shape, and what is said of them."""

from dataclasses import replace
from itertools import count
from math import log
from string import ascii_lowercase

import pytest
import torch

from memlab.draws import Draws
from memlab.statistics import Estimate, estimate
from memlab.studies.plastic_tree import growth
from memlab.studies.plastic_tree.corpus import all_names, names_of_a_year, taken, written
from memlab.studies.plastic_tree.figure import portrait
from memlab.studies.plastic_tree.growth import (
    LEAST,
    ORDERS,
    SLOW,
    Growth,
    exponents,
    power,
    sizes_of,
)
from memlab.studies.plastic_tree.laws import LOSS
from memlab.studies.plastic_tree.outline import GROWN
from memlab.studies.plastic_tree.planted import described, foretold, grown, laid
from memlab.studies.plastic_tree.row import (
    AUTOMATON,
    BITS,
    BYTES,
    CODE,
    EXPONENTS,
    FAN_OUT,
    FORMS,
    GROWTH,
    IN_DEGREES,
    LAWS,
    LEVELS,
    NODES,
    PARTING,
    PUBLISHED,
    SECONDS,
    STATES,
    TREE,
    Row,
    less,
    those,
)
from memlab.studies.plastic_tree.structure import (
    at_levels,
    led_to,
    power_of_children,
    with_children,
)
from memlab.studies.plastic_tree.study import growth_and_worth
from memlab.studies.plastic_tree.verdict import verdict
from memlab.studies.plastic_tree.worth import MOST_LED_TO, PER_SYMBOL, SHARED, codes, forms
from memlab.text.automaton import minimal
from memlab.text.length import CODES, lengths, unordered
from memlab.text.plastic_tree import PlasticTree
from memlab.text.radix import Radix
from memlab.text.twigs import Twigs, twigs

DRAWS = Draws(1, (0, 1))
SOME = ["anna", "anna", "ann", "emma", "emil", "bella", "stella"]


@pytest.fixture(scope="module")
def rows():
    """A small study."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(growth, "SLOW", (20, 40))
        study = growth_and_worth(120, LEAST, 100)
        return [row for part in study.parts for row in part(DRAWS)]


def changed(rows, **key):
    """The rows as if all of one table, form and measure had come out so."""
    value = key.pop("value")
    return [
        replace(row, measured=Estimate((value,) * 2, value, value, value))
        if all(getattr(row, name) == wanted for name, wanted in key.items())
        else row
        for row in rows
    ]


# --- growth ---------------------------------------------------------------------------------


def test_the_power_of_a_power_law_is_its_exponent():
    assert power((10, 30, 100), (3 * 10**1.7, 3 * 30**1.7, 3 * 100**1.7)) == pytest.approx(1.7)


def test_the_largest_tree_may_learn_every_name_there_is():
    assert GROWN[1] == len(all_names()) == len({*all_names()})
    assert len(names_of_a_year()) == len({*names_of_a_year()})


def test_names_are_taken_in_an_order_of_each_replicate_and_a_larger_tree_has_those_of_a_smaller():
    first, second = (taken(all_names(), 50, one) for one in growth.singles(DRAWS))
    assert first != second
    assert taken(all_names(), 20, replace(DRAWS, replicates=(0,))) == first[:20]


def test_a_tree_laid_in_its_own_order_tells_sets_apart_and_not_orders():
    whole = laid(grown(written(SOME)))
    assert laid(grown(written(SOME[::-1]))) == whole
    assert laid(grown(written(SOME[1:]))) != whole
    assert laid(grown(written([*SOME[:-1], "bella"]))) != whole


def test_what_a_tree_costs_is_that_of_the_tree_in_python(rows):
    one = replace(DRAWS, replicates=(0,))
    names = taken(all_names(), 100, one.at("growth"))
    tree, radix = PlasticTree(ascii_lowercase), Radix()
    tree.learn_many(names)
    for name in names:
        radix.learn(name)
    found = {key: those(rows, GROWTH, TREE, key)[0].measured for key in (NODES, PARTING, BYTES)}
    assert found[NODES].values[0] == tree.nodes
    assert found[BYTES].values[0] == tree.bytes
    assert found[PARTING].values[0] == len(radix.nodes())


def test_bits_and_states_of_every_size_are_those_of_the_same_names(rows):
    one = replace(DRAWS, replicates=(0,))
    names = taken(all_names(), 100, one.at("growth"))
    for form in growth.WRITTEN:
        row = those(rows, GROWTH, form, CODE)[0]
        assert (row.level, row.measured.values[0]) == (100, CODES[form](names))
    assert those(rows, GROWTH, TREE, CODE)[0].measured.values[0] == described(written(names))
    states = those(rows, GROWTH, AUTOMATON, STATES)[0].measured.values[0]
    assert states == len(minimal(names).states)


def test_bits_grow_more_slowly_the_more_a_code_shares(rows):
    tree, zlib = (those(rows, EXPONENTS, form, CODE)[0].measured.mean for form in (TREE, "zlib"))
    assert tree < zlib < 1.05


def test_a_tree_is_measured_once(monkeypatch):
    few = Growth(all_names(), 30)
    first = few.costs(30, DRAWS)
    monkeypatch.setattr(growth, "grown", None)
    assert few.costs(30, DRAWS) is first


def test_an_order_that_left_a_trace_would_be_seen(monkeypatch):
    few, one = Growth(all_names(), 30), replace(DRAWS, replicates=(0,))
    assert few.costs(30, one)[TREE, ORDERS] == 0
    different = count()
    monkeypatch.setattr(growth, "laid", lambda _: next(different))
    (row,) = (r for r in sizes_of(Growth(all_names(), 30), 30, one) if r.measure == ORDERS)
    assert (row.measured.mean, row.holds) == (1, False)


def test_sizes_end_with_the_largest_and_the_published_tree_has_few():
    assert Growth((), 3000).sizes == (100, 300, 1000, 3000)
    assert Growth((), 97_310).sizes[-2:] == (30_000, 97_310)
    assert Growth((), 97_310).slow == SLOW
    assert len(Growth((), LEAST).slow) == 2


def test_the_exponents_of_what_grows_linearly_are_held_to_be_so(rows):
    found = [row for row in rows if row.table == EXPONENTS]
    assert {row.form for row in found if row.most == 1.1} == {TREE}
    assert those(found, EXPONENTS, TREE, PARTING)[0].measured.mean == pytest.approx(1, abs=0.05)
    assert those(found, EXPONENTS, TREE, NODES)[0].measured.mean < 1


def test_an_exponent_above_its_bound_does_not_hold(monkeypatch):
    monkeypatch.setattr(growth, "SLOW", ())
    few = Growth(all_names(), LEAST)
    costs = {n: {key: float(n**1.2) for key in growth.POWERS} for n in few.sizes}
    monkeypatch.setattr(Growth, "costs", lambda _, n, __: costs[n])
    monkeypatch.setattr(Growth, "slow", property(lambda _: (10, 20)))
    monkeypatch.setattr(Growth, "slow_costs", lambda _, n, __: {(PUBLISHED, SECONDS): n**1.2})
    found = exponents(few, DRAWS)
    assert [row.holds for row in found if row.form in {TREE, PUBLISHED}] == [False] * 6
    assert all(row.measured.mean == pytest.approx(1.2) for row in found)


# --- worth ----------------------------------------------------------------------------------


def test_what_a_tree_foretells_costs_what_it_expected_before_it_learned():
    names, tree, nats = ["anna", "ann", "hannah"], PlasticTree(ascii_lowercase), 0.0
    for name in names:
        nats += tree.surprise(name).sum()
        tree.learn(name)
    assert foretold(written(names)) == pytest.approx(nats / log(2))


def test_bits_are_of_the_set_by_every_code_and_by_the_tree():
    names = [*dict.fromkeys(SOME)]
    found = codes(names)
    symbols = sum(map(len, names))
    assert {name: found[name] for name in lengths(names)} == lengths(names)
    assert found[TREE] == pytest.approx((foretold(written(names)) + unordered(6)) / symbols)


def test_forms_of_names_that_end_alike_are_shared_by_the_automaton_alone():
    found = forms(["bella", "stella"])
    assert found["trie", "nodes"] == 3
    assert found["trie", "mean level of ends"] == 1
    assert found["automaton", "states"] == 7
    assert found["automaton", SHARED] == 1
    assert found["automaton", MOST_LED_TO] == 2
    assert forms(["anna", "bob"])["automaton", SHARED] == 1  # the state in which both end


# --- laws -----------------------------------------------------------------------------------


def test_the_verdict_says_which_law_foretells_best_and_what_the_chosen_one_costs(rows):
    said = " ".join(verdict(changed(rows, form="reach 5", measure=LOSS, value=0.5)))
    assert "Of 16 laws and constants, read after 100 names" in said
    assert "'reach 5' foretells best" in said


# --- shape ----------------------------------------------------------------------------------


def test_levels_and_children_are_counted_where_names_part_or_end():
    tree = twigs(grown(written(["anna", "ann", "emma", "emil"])))
    assert at_levels(tree).tolist() == [1, 2, 4]
    assert with_children(tree).tolist() == [0, 0, 1]


def test_edges_to_a_state_are_counted_by_powers_of_two_and_the_start_has_none():
    fan = minimal([f"{letter}x" for letter in "abcde"])  # five edges to one state, one to the end
    assert led_to(fan).tolist() == [0.5, 0, 0.5]


def test_the_shares_of_states_by_edges_to_them_add_up_to_1(rows):
    found = [row for row in rows if row.table == IN_DEGREES]
    assert [row.level for row in found] == [2**k for k in range(len(found))]
    assert sum(row.measured.mean for row in found) == pytest.approx(1)


def test_the_power_of_children_is_that_of_the_law_they_follow():
    k = torch.arange(2, 28)
    times = (20_000 * k.double() ** -2.5).round().long()
    children = k.repeat_interleave(times)
    parent = torch.arange(len(children)).repeat_interleave(children)
    # A tree in which node n has children[n] children, whatever level they are on.
    law = Twigs(torch.cat([torch.zeros(1, dtype=torch.int64), parent]), k, k.double(), ())
    assert power_of_children(law) == pytest.approx(2.5, abs=0.01)


def test_a_level_that_one_replicate_lacks_counts_none_there(rows):
    levels = those(rows, LEVELS, TREE, "nodes at the level")
    assert [row.level for row in levels] == [*range(len(levels))]
    shares = [row.measured.mean for row in rows if row.table == FAN_OUT]
    assert sum(shares) == pytest.approx(1)


# --- what is said ---------------------------------------------------------------------------


def test_a_range_is_held_to_on_both_sides_and_told():
    def row(value, *limits):
        return Row(GROWTH, 1, TREE, NODES, estimate([value, value]), *limits)

    assert [row(x, 1, 2).holds for x in (0.9, 1, 2, 2.1)] == [False, True, True, False]
    assert [row(x, None, 2).holds for x in (-5, 2.1)] == [True, False]
    assert row(5).holds is None
    told = [row(0, *limits).expectation for limits in ((), (0, 0), (None, 1.1), (1,), (1, 2))]
    assert told == ["", "0", "≤ 1.1", "≥ 1", "1 to 2"]


def test_less_is_paired_over_replicates():
    one, other = (Row(BITS, 1, TREE, PER_SYMBOL, estimate(x)) for x in ((1.0, 2.0), (1.5, 2.5)))
    assert less(one, other).values == (0.5, 0.5)


def test_the_verdict_says_what_abstraction_is_worth_in_bits(rows):
    said = " ".join(verdict(rows))
    assert f"the tree of {LEAST:,} is the same to the last byte in all 2 replicates" in said
    assert "The automaton of the same names has" in said
    assert "It is no tree" in said
    bits = {row.form: row.measured.mean for row in rows if row.table == BITS}
    assert f"{bits[TREE]:.2f} instead of {bits['automaton']:.2f} of the automaton" in said


@pytest.mark.parametrize(
    ("key", "told"),
    [
        ({"form": "automaton", "table": BITS, "value": 9.0}, "an automaton, is worth nothing"),
        ({"form": "automaton", "table": BITS, "value": 0.5}, "0.50 instead of"),
        ({"measure": ORDERS, "value": 1.0}, "depends on the order of names"),
        ({"form": TREE, "measure": SECONDS, "value": 2.0}, "grows faster than linearly"),
    ],
)
def test_the_verdict_follows_the_rows(rows, key, told):
    assert told in " ".join(verdict(changed(rows, **key)))


@pytest.mark.parametrize(
    ("key", "told"),
    [
        ({"measure": SHARED, "value": 0.0}, "It is no tree"),
        ({"form": TREE, "measure": NODES, "value": 1.2}, "more slowly than what is learned"),
        ({"form": PUBLISHED, "measure": SECONDS, "value": 1.0}, "The published algorithm takes"),
    ],
)
def test_the_verdict_is_silent_where_the_rows_are(rows, key, told):
    rows = changed(rows, table=EXPONENTS, form=PUBLISHED, value=2.0)
    assert told in " ".join(verdict(rows))
    assert told not in " ".join(verdict(changed(rows, **key)))


def test_the_figure_has_a_panel_each_and_every_code_a_bar(rows):
    time, nodes, described_by, bits, levels, children = portrait(rows).axes
    assert {axes.get_xscale() for axes in (time, nodes, described_by, children)} == {"log"}
    legends = [len(axes.get_legend().get_texts()) for axes in (time, nodes, described_by)]
    assert legends == [3, 3, 6]
    assert len(bits.patches) == len([row for row in rows if row.table == BITS])
    assert len(levels.patches) == len([row for row in rows if row.table == LEVELS])


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ((99, 3000, 100), r"strings must be in \[100, 29,910\], got 99"),
        ((29_911, 3000, 100), "strings must be in"),
        ((100, LEAST - 1, 100), r"grown must be in \[3,000, 97,310\], got 2,999"),
        ((100, 97_311, 100), "grown must be in"),
        ((100, LEAST, 27_911), r"read must be in \[100, 27,910\], got 27,911"),
    ],
)
def test_what_is_not_there_is_refused(given, told):
    with pytest.raises(ValueError, match=told):
        growth_and_worth(*given)


def test_every_row_of_a_form_names_its_table(rows):
    assert (
        {row.table for row in rows}
        == {*growth_and_worth(100, LEAST, 100).tables}
        == {
            GROWTH,
            EXPONENTS,
            BITS,
            FORMS,
            LEVELS,
            FAN_OUT,
            IN_DEGREES,
            LAWS,
        }
    )
