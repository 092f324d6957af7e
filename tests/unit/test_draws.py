"""Draws are pure functions of seed, replicate, key and name."""

import torch

from memlab.draws import Draws

DRAWS = Draws(seed=5, replicates=(0, 1, 2))


def test_the_same_key_and_name_give_the_same_numbers():
    assert torch.equal(
        DRAWS.at("write", 1).normal("noise", (4,)), DRAWS.at("write", 1).normal("noise", (4,))
    )


def test_numbers_do_not_depend_on_what_was_drawn_before():
    fresh = DRAWS.uniform("b", (3,))
    DRAWS.uniform("a", (100,))
    assert torch.equal(DRAWS.uniform("b", (3,)), fresh)


def test_every_part_of_the_key_matters():
    variants = [
        DRAWS.uniform("a"),
        DRAWS.uniform("b"),
        DRAWS.at(1).uniform("a"),
        DRAWS.at("1").uniform("a"),
        DRAWS.at(1, 2).uniform("a"),
        Draws(seed=6, replicates=(0, 1, 2)).uniform("a"),
    ]
    assert len({tuple(v.tolist()) for v in variants}) == len(variants)


def test_a_replicate_draws_the_same_alone_and_in_company():
    alone = Draws(seed=5, replicates=(2,)).normal("noise", (6,))
    assert torch.equal(alone[0], DRAWS.normal("noise", (6,))[2])


def test_neighbouring_seeds_and_replicates_share_no_stream():
    here = Draws(seed=1, replicates=(0,)).uniform("a", (50,))
    there = Draws(seed=0, replicates=(1,)).uniform("a", (50,))
    assert not torch.isclose(here, there).any()


def test_uniform_and_normal_have_their_moments():
    uniform, normal = DRAWS.uniform("u", (20_000,)), DRAWS.normal("n", (20_000,))
    assert abs(uniform.mean() - 0.5) < 0.01
    assert abs(normal.mean()) < 0.02
    assert abs(normal.std() - 1) < 0.02


def test_a_permutation_holds_every_index_once():
    order = DRAWS.permutation("order", 9)
    assert torch.equal(order.sort(dim=1).values, torch.arange(9).expand(3, 9))
