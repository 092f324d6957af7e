"""Drawings of a plastic tree: where its nodes lie, how wide its edges are, what a query lights."""

import numpy as np
import pytest
from PIL import Image

from memlab.figures.tidy import tidy
from memlab.figures.trees import MOST, activation, draw_tree, film_of_growth, through
from memlab.text.plastic_tree import PlasticTree

NAMES = ("anna", "ann", "emma", "emil", "emma")


@pytest.fixture
def tree():
    known = PlasticTree()
    known.learn_many(NAMES)
    return known


@pytest.fixture
def layout(tree):
    return tidy(tree.twigs(), tree.alphabet)


def at(layout, prefix, *, ends=False):
    """The node of a prefix, or of the end of a string."""
    (found,) = (
        n
        for n, one in enumerate(zip(layout.prefix, layout.ends, strict=True))
        if one == (prefix, ends)
    )
    return found


def test_ends_lie_by_alphabet_one_line_apart(layout):
    ends = sorted((layout.y[n], layout.prefix[n]) for n, last in enumerate(layout.ends) if last)
    assert ends == [(0.0, "ann"), (1.0, "anna"), (2.0, "emil"), (3.0, "emma")]
    assert layout.leaves == 4


def test_a_node_lies_amid_its_children_and_right_of_its_parent(layout):
    assert layout.y[at(layout, "ann")] == 0.5
    assert layout.y[at(layout, "em")] == 2.5
    assert layout.y[0] == 1.5
    assert all(layout.x[n] > layout.x[above] for n, above in enumerate(layout.parent) if n)


def test_a_query_goes_through_all_that_begins_with_it_and_through_nothing_else(tree, layout):
    chances = activation(tree, layout, "em")
    assert chances[[0, at(layout, "em")]].tolist() == [1, 1]
    assert chances[at(layout, "ann")] == chances[at(layout, "anna", ends=True)] == 0
    emma, emil = (chances[at(layout, name, ends=True)] for name in ("emma", "emil"))
    begun = tree.following("")["e"] * tree.following("e")["m"]
    assert [emma, emil] == pytest.approx(
        [tree.probability(name) / begun for name in ("emma", "emil")]
    )
    assert emma > emil


def test_a_query_that_ends_on_an_edge_goes_on_along_it_with_a_chance(tree, layout):
    chances = activation(tree, layout, "emm")
    assert chances[at(layout, "em")] == 1
    assert 0 < chances[at(layout, "emma", ends=True)] < 1
    assert chances[at(layout, "emil", ends=True)] == 0


def test_a_query_never_met_lights_the_start_alone_and_is_still_answered(tree, layout):
    assert activation(tree, layout, "zo").nonzero()[0].tolist() == [0]
    bars = draw_tree(tree, "zo").axes[1]
    assert len(bars.patches) == len(tree.following("zo"))


def test_bars_are_what_the_tree_expects_the_likeliest_first(tree):
    bars = draw_tree(tree, "em").axes[1]
    told = sorted(tree.following("em").values(), reverse=True)
    assert [bar.get_width() for bar in bars.patches] == pytest.approx(told)
    assert next(text.get_text() for text in bars.get_yticklabels()) == "m"


def test_an_edge_is_as_wide_as_the_root_of_what_went_through_it(tree, layout):
    edges = draw_tree(tree).axes[0].collections[0].get_linewidths()
    em, ann = (edges[at(layout, prefix) - 1] for prefix in ("em", "ann"))
    assert em / ann == pytest.approx(np.sqrt(3 / 2))


def test_a_drawing_says_that_width_is_potentiation_and_that_bars_are_chances(tree):
    drawing = draw_tree(tree, "em")
    assert "width of an edge: potentiation" in drawing.texts[1].get_text()
    assert "chance" in drawing.axes[1].get_title(loc="left")


def test_what_went_through_a_node_so_far_is_counted_from_the_strings_so_far(tree, layout):
    part = PlasticTree()
    part.learn_many(NAMES[:3])
    found = through(layout, part)
    assert found[[0, at(layout, "ann"), at(layout, "em")]].tolist() == [3, 2, 1]
    assert found[at(layout, "emil", ends=True)] == 0
    assert through(layout, tree).tolist() == list(layout.count)


def test_a_film_of_growth_shows_more_with_every_new_string(tmp_path):
    path = film_of_growth(NAMES[:3], tmp_path / "growth.gif")
    with Image.open(path) as film:
        assert film.n_frames >= 3
        dark = []
        for frame in range(3):
            film.seek(frame)
            drawn = np.asarray(film.convert("L"))[40:]  # below the title
            dark.append(int((drawn < 250).sum()))
    assert dark == sorted(set(dark))


@pytest.mark.parametrize("count", [0, MOST + 1])
def test_a_tree_of_nothing_or_of_too_much_is_not_drawn(count):
    some = PlasticTree()
    some.learn_many(f"n{k}" for k in range(count))
    with pytest.raises(ValueError, match=f"must hold 1 to {MOST} strings, got {count}"):
        draw_tree(some)
