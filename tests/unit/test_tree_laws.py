"""Laws of back-off: on which names they are compared, and what is measured of each."""

from dataclasses import replace
from string import ascii_lowercase

import pytest

from memlab.draws import Draws
from memlab.patterns.names import Names
from memlab.space import Space
from memlab.studies.plastic_tree import laws
from memlab.studies.plastic_tree.corpus import LETTERS, names_of_a_year
from memlab.studies.plastic_tree.laws import CHOSEN, COMPLETED, FULL, KEPT, LOSS, TESTED, parted
from memlab.studies.plastic_tree.outline import READ
from memlab.substrates.plastic_tree import PlasticTree as PlasticTreeMedium
from memlab.text.plastic_tree import PlasticTree

DRAWS = Draws(1, (0, 1))


def test_laws_are_compared_on_names_that_the_experiment_does_not_test():
    one = replace(DRAWS, replicates=(1,))
    tested = Names(held_out=TESTED).draw(TESTED, one.at("patterns"))[0].long().tolist()
    known, kept = ({LETTERS.spelled(way) for way in part.lists()} for part in parted(one))
    assert (len(known), len(kept)) == (FULL, KEPT) == (READ[1], 1000)
    assert {*names_of_a_year()} - known - kept == {LETTERS.spelled(row) for row in tested}


def test_the_loss_and_completions_of_a_law_are_those_of_the_tree_in_python():
    known, kept = parted(replace(DRAWS, replicates=(0,)))
    words = [LETTERS.spelled(way) for way in known.part(0, 100).lists()]
    tree = PlasticTree(ascii_lowercase, start=1.0)
    tree.learn_many(words)
    found = laws.read(known.part(0, 100), kept, laws.FOR_FEW)
    assert found["start 1", LOSS] == pytest.approx(
        tree.loss(LETTERS.spelled(way) for way in kept.lists())
    )
    begun = [word[:3] for word in words[:40] if len(word) > 2]
    ends = [tree.complete(prefix, 1)[0][0] in tree for prefix in begun]
    assert found["start 1", COMPLETED] == sum(ends) / len(ends)


def test_the_setting_that_is_chosen_is_the_default():
    rule, contexts = laws.ALL[CHOSEN].rule, laws.ALL[CHOSEN].contexts
    medium = PlasticTreeMedium(Space((5,), 27, ends=True))
    assert (rule, contexts) == (medium.rule, medium.contexts)
    told = f"reach {contexts.reach}, discount {rule.discount:g}, strength {rule.strength:g}"
    assert f"as it is: {told}, start {rule.start:g}" == CHOSEN
