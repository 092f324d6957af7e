"""Growth, worth and shape of a plastic tree, as a study: a table each."""

from functools import partial
from pathlib import Path

from memlab.figures.trees import draw_tree, film_of_growth
from memlab.studies.plastic_tree.corpus import all_names, names_of_a_year
from memlab.studies.plastic_tree.figure import portrait
from memlab.studies.plastic_tree.growth import (
    LEAST,
    Growth,
    exponents,
    sizes_of,
    slow_sizes_of,
)
from memlab.studies.plastic_tree.laws import FULL, choice_of
from memlab.studies.plastic_tree.row import (
    BITS,
    EXPONENTS,
    FAN_OUT,
    FORMS,
    GROWTH,
    IN_DEGREES,
    LAWS,
    LEVELS,
    Row,
)
from memlab.studies.plastic_tree.structure import shape_of, sharing_of
from memlab.studies.plastic_tree.verdict import verdict
from memlab.studies.plastic_tree.worth import bits_of, forms_of
from memlab.studies.study import Study
from memlab.text.plastic_tree import PlasticTree

FEWEST = 100  # strings that are described
DRAWN, QUERY = 40, "a"  # names of the tree that is drawn, and what it is asked
HEADINGS = ("form", "measure", "expected", "measured [95 %]")
TABLES = {
    GROWTH: ("Growth: names of all years, each replicate in a random order of its own", "names"),
    EXPONENTS: ("Growth: the power of the number of names, fitted from so many on", "from"),
    BITS: ("Abstraction: bits per symbol of a set of names, ends not counted as symbols", "names"),
    FORMS: ("Abstraction: what the forms consist of", "names"),
    LEVELS: ("Structure: levels of the radix form", "level"),
    FAN_OUT: ("Structure: children of the nodes at which names part", "children"),
    IN_DEGREES: ("Structure: edges to a state of the minimal automaton", "edges"),
    LAWS: ("Laws: by which a tree foretells names that were kept for this choice", "names"),
}


def growth_and_worth(strings: int, grown: int, read: int) -> Study[Row]:
    """The study that describes so many names, grows a tree of so many, and reads laws on some."""
    every, year = all_names(), names_of_a_year()
    _check("strings", strings, FEWEST, len(year))
    _check("grown", grown, LEAST, len(every))
    _check("read", read, FEWEST, FULL)
    growth = Growth(every, grown)
    return Study(
        ahead=[
            *(partial(growth.costs, n) for n in growth.sizes),
            *(partial(growth.slow_costs, n) for n in growth.slow),
        ],
        parts=[
            *(partial(sizes_of, growth, n) for n in growth.sizes),
            *(partial(slow_sizes_of, growth, n) for n in growth.slow),
            partial(exponents, growth),
            *(partial(part, year, strings) for part in (bits_of, forms_of, shape_of, sharing_of)),
            partial(choice_of, read),
        ],
        tables={name: (title, (level, *HEADINGS)) for name, (title, level) in TABLES.items()},
        cells=cells,
        record=record,
        verdict=verdict,
        figure=portrait,
        pictures={
            "tree.png": partial(_tree, year[:DRAWN]),
            "growth.gif": partial(film_of_growth, year[:DRAWN]),
        },
    )


def cells(row: Row) -> tuple[str, ...]:
    """Level, form, measure, expected and measured."""
    return (f"{row.level:,}", row.form, row.measure, row.expectation, str(row.measured))


def record(row: Row) -> dict[str, object]:
    """The columns of the files."""
    return {
        "table": row.table,
        "level": row.level,
        "form": row.form,
        "measure": row.measure,
        "least": row.least,
        "most": row.most,
        "mean": row.measured.mean,
        "low": row.measured.low,
        "high": row.measured.high,
        "n": row.measured.n,
    }


def _check(name: str, given: int, least: int, most: int) -> None:
    if not least <= given <= most:
        raise ValueError(f"{name} must be in [{least:,}, {most:,}], got {given:,}")


def _tree(names: tuple[str, ...], path: Path) -> None:
    """The tree of a few names and what it makes of a query, as a picture."""
    tree = PlasticTree()
    tree.learn_many(names)
    draw_tree(tree, QUERY).savefig(path)
