"""Random vectors: independent, sparse, and in families."""

import time

import pytest
import torch
from pydantic import ValidationError

from memlab.draws import Draws
from memlab.patterns.vectors import Correlated, Signs, Sparse

TEN = Draws(seed=1, replicates=tuple(range(10)))
SOURCES = [Signs(), Sparse(), Correlated(families=3, within=0.6, between=0.2), Signs(units=70_000)]


def correlations(source, count):
    """Of every two items as ±1, in every replicate, ``(R, count, count)``."""
    spins = 2 * source.draw(count, TEN) - 1
    return spins @ spins.transpose(1, 2) / source.units


@pytest.mark.parametrize("source", SOURCES)
def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(source):
    first = source.draw(3, TEN)
    assert first.shape == (10, 3, source.units)
    assert torch.equal(first, source.draw(3, TEN))
    assert not torch.equal(first, source.draw(3, Draws(2, TEN.replicates)))


@pytest.mark.parametrize("source", SOURCES)
def test_an_item_depends_neither_on_the_count_nor_on_the_other_replicates(source):
    alone = Draws(1, (4,))
    assert torch.equal(source.draw(300, alone)[:, :4], source.draw(4, TEN)[4:5])
    assert source.names(9)[:4] == source.names(4)


@pytest.mark.parametrize("source", SOURCES)
def test_patterns_are_of_their_space_and_distinct(source):
    patterns = source.draw(20, Draws(1, (0, 1)))
    source.space.check(patterns)
    assert all(len(own.unique(dim=0)) == 20 for own in patterns)
    assert len(set(source.names(20))) == 20


def test_items_that_come_out_equal_are_drawn_again():
    patterns = Signs(units=6).draw(60, TEN)
    assert all(len(own.unique(dim=0)) == 60 for own in patterns)
    assert torch.equal(Signs(units=6).draw(40, TEN), patterns[:, :40])


def test_there_are_no_more_vectors_than_there_are():
    with pytest.raises(ValueError, match="only 4 distinct ones of 5 were found; raise units"):
        Signs(units=2).draw(5, TEN)


def test_signs_have_their_density_and_are_independent():
    assert Signs(density=0.3).draw(40, TEN).mean() == pytest.approx(0.3, abs=0.005)
    between = correlations(Signs(), 40)[:, ~torch.eye(40, dtype=torch.bool)]
    assert between.mean().abs() < 0.005
    assert between.std() == pytest.approx(500**-0.5, rel=0.05)


@pytest.mark.parametrize("active", [1, 25, 499])
def test_sparse_patterns_have_exactly_so_many_units_on(active):
    assert (Sparse(active=active).draw(20, TEN).sum(-1) == active).all()


@pytest.mark.parametrize(("within", "between"), [(0.5, 0.0), (0.6, 0.2), (0.0, 0.0), (0.9, 0.9)])
def test_families_have_the_correlations_asked_for(within, between):
    source = Correlated(units=5000, families=4, within=within, between=between)
    found = correlations(source, 16)
    kin = torch.arange(16)[:, None] % 4 == torch.arange(16) % 4
    assert found[:, kin & ~torch.eye(16, dtype=torch.bool)].mean() == pytest.approx(
        within, abs=0.02
    )
    assert found[:, ~kin].mean() == pytest.approx(between, abs=0.02)


def test_fifty_thousand_items_are_drawn_in_seconds():
    start = time.thread_time()
    patterns = Signs(units=64).draw(50_000, Draws(1, (0,)))
    assert time.thread_time() - start < 10
    assert len(patterns[0].unique(dim=0)) == 50_000


@pytest.mark.parametrize(
    ("kind", "wrong", "named"),
    [
        (Signs, {"units": 1}, "units"),
        (Signs, {"density": 1.0}, "density"),
        (Sparse, {"units": 20, "active": 20}, "active must be below units=20, got 20"),
        (Correlated, {"within": 1.0}, "within"),
        (Correlated, {"within": 0.2, "between": 0.3}, "between must be at most within=0.2"),
    ],
)
def test_vectors_that_cannot_be_drawn_are_refused_by_name(kind, wrong, named):
    with pytest.raises(ValidationError, match=named):
        kind(**wrong)
