import dataclasses
from pathlib import Path

import pytest
import torch
import yaml
from hydra.utils import get_class, instantiate
from pydantic import ValidationError

from memlab.cues import (
    Amplitude,
    Box,
    Flip,
    Half,
    Inputs,
    Inverse,
    Mask,
    Noise,
    Nothing,
    Shift,
    Start,
    Subset,
    Uniform,
    Wedge,
    Wrong,
)
from memlab.cues_of_strings import Prefix
from memlab.draws import Draws
from memlab.space import Space

CONFIGS = sorted((Path(__file__).parents[2] / "conf" / "cue").glob("*.yaml"))
FOUR = Draws(seed=1, replicates=(0, 1, 2, 3))
SPACES = [
    Space((32, 32)),
    Space((32, 32), symbols=None),
    Space((8, 6, 8)),
    Space((8, 6, 8), symbols=None),
    Space((64,)),
    Space((64,), symbols=None),
]
SYMBOLIC = Space((64,), symbols=5)
KINDS = [
    Amplitude(),
    Mask(),
    Half(),
    Wedge(),
    Box(),
    Flip(),
    Shift(),
    Subset(),
    Noise(),
    Uniform(),
    Inverse(),
    Wrong(),
    Nothing(),
    Start(),
    Prefix(),
]
MASKS = [Mask(), Half(), Wedge(), Box(), Wrong(), Nothing(), Prefix()]
DISTORTIONS = [kind for kind in KINDS if kind not in MASKS]


def patterns(space, name="pattern", draws=FOUR):
    draws = draws.at("test", name)
    if space.symbols is None:
        return draws.uniform("values", space.shape)
    return draws.integers("values", space.symbols, space.shape).float()


def cue_of(kind, space=SPACES[0], draws=FOUR):
    pattern, foil = patterns(space, draws=draws), patterns(space, "foil", draws)
    return kind.cue(pattern, foil, space, draws), pattern


@pytest.mark.parametrize(
    ("kind", "space"),
    [
        (kind, space)
        for kind in KINDS
        for space in SPACES
        if len(space.shape) > 1 or not isinstance(kind, Wedge)  # a line has no angle
    ],
)
def test_every_kind_cues_every_space_of_levels_it_can(kind, space):
    cue, pattern = cue_of(kind, space)
    assert cue.values.shape == (4, 1, *space.shape)
    assert cue.values.dtype == pattern.dtype
    assert (cue.values >= 0).all()
    assert (cue.values <= 1).all()
    assert (cue.values[~cue.given] == 0).all()


@pytest.mark.parametrize("kind", MASKS)
def test_what_a_mask_gives_is_certain(kind):
    cue, _ = cue_of(kind)
    assert torch.equal(cue.given, cue.certain)


@pytest.mark.parametrize("kind", MASKS[:4])
def test_what_a_mask_gives_is_the_pattern(kind):
    cue, pattern = cue_of(kind, SPACES[1])
    assert 0 < cue.given.sum() < cue.given.numel()
    assert torch.equal(cue.values[cue.given], pattern[:, None][cue.given])


@pytest.mark.parametrize("kind", DISTORTIONS)
def test_a_distortion_is_given_everywhere_and_certain_nowhere(kind):
    cue, _ = cue_of(kind)
    assert cue.given.all()
    assert not cue.certain.any()


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_draws_give_the_same_cue(kind):
    assert torch.equal(cue_of(kind)[0].values, cue_of(kind)[0].values)


@pytest.mark.parametrize("kind", KINDS)
def test_a_replicates_cue_does_not_depend_on_the_others(kind):
    alone = Draws(FOUR.seed, (2,))
    assert torch.equal(cue_of(kind)[0].values[2:3], cue_of(kind, draws=alone)[0].values)


@pytest.mark.parametrize("kind", [Mask(), Box(), Flip(), Subset(), Noise(), Amplitude()])
def test_replicates_draw_their_own_cue(kind):
    same = torch.ones(4, 32, 32)
    cue = kind.cue(same, same, SPACES[0], FOUR)
    assert len(cue.values.unique(dim=0)) == 4


@pytest.mark.parametrize("keep", [0.0, 0.1, 0.5, 1.0])
def test_a_mask_keeps_exactly_its_share(keep):
    cue, _ = cue_of(Mask(keep=keep))
    assert (cue.given.sum((1, 2, 3)) == round(keep * 1024)).all()


def test_a_mask_that_keeps_more_keeps_all_that_a_sparser_one_does():
    sparse, dense = cue_of(Mask(keep=0.2))[0].given, cue_of(Mask(keep=0.6))[0].given
    assert (dense | ~sparse).all()


@pytest.mark.parametrize("space", [SPACES[0], SPACES[4], SYMBOLIC], ids=str)
@pytest.mark.parametrize("share", [0.25, 1.0])
def test_a_flip_turns_exactly_its_share_into_other_symbols(space, share):
    cue, pattern = cue_of(Flip(share=share), space)
    changed = (cue.values[:, 0] != pattern).flatten(1).sum(1)
    assert (changed == round(share * space.size)).all()
    space.check(cue.values)


def test_a_flip_of_many_symbols_reaches_all_the_others():
    zeros = torch.zeros(4, 64)
    assert Flip(share=1).cue(zeros, zeros, SYMBOLIC, FOUR).values.unique().tolist() == [1, 2, 3, 4]


def test_a_flip_of_graded_values_mirrors_them():
    cue, pattern = cue_of(Flip(share=1), SPACES[1])
    assert torch.equal(cue.values[:, 0], 1 - pattern)


def test_an_amplitude_cue_is_the_faint_pattern_plus_noise():
    cue, pattern = cue_of(Amplitude(scale=0.5, sigma=0.0))
    assert torch.equal(cue.values[:, 0], 0.5 * pattern)
    noisy, _ = cue_of(Amplitude(scale=0.5, sigma=0.05))
    off = (noisy.values[:, 0] - 0.5 * pattern)[pattern > 0]
    assert off.std().item() == pytest.approx(0.05, rel=0.1)


@pytest.mark.parametrize(
    ("side", "hidden"),
    [
        ("left", (slice(None), slice(0, 2))),
        ("right", (slice(None), slice(3, 5))),
        ("top", (slice(0, 3), slice(None))),
        ("bottom", (slice(3, 6), slice(None))),
    ],
)
def test_a_half_hides_its_side(side, hidden):
    cue, _ = cue_of(Half(side=side), Space((6, 5)))
    expected = torch.ones(6, 5, dtype=torch.bool)
    expected[hidden] = False
    assert torch.equal(cue.given[0, 0], expected)


def test_a_quarter_wedge_is_a_quadrant():
    cue, _ = cue_of(Wedge(share=0.25))
    expected = torch.zeros(32, 32, dtype=torch.bool)
    expected[:16, 16:] = True
    assert torch.equal(cue.given[0, 0], expected)
    turned, _ = cue_of(Wedge(share=0.25, start=0.5))
    assert torch.equal(turned.given[0, 0], expected.flip(0, 1))


def test_wedges_all_round_share_the_plane_out():
    parts = [cue_of(Wedge(share=0.2, start=start / 5))[0].given.int() for start in range(5)]
    assert (sum(parts) == 1).all()


@pytest.mark.parametrize("placement", ["random", "centred"])
def test_a_box_hides_the_same_fraction_of_every_axis(placement):
    cue, _ = cue_of(Box(span=0.5, placement=placement), Space((8, 6, 8)))
    assert ((~cue.given).flatten(1).sum(1) == 4 * 3 * 4).all()


def test_a_centred_box_is_in_the_centre_and_a_random_one_wraps():
    centred = ~cue_of(Box(span=0.5, placement="centred"))[0].given[0, 0]
    assert centred[8:24, 8:24].all()
    many = Draws(1, tuple(range(40)))
    hidden = ~cue_of(Box(span=0.5), draws=many)[0].given[:, 0]
    assert (hidden.any(1)[:, 0] & hidden.any(1)[:, -1]).any()


def test_a_shift_moves_round_the_torus():
    cue, pattern = cue_of(Shift(by=0.25))
    assert torch.equal(cue.values[:, 0, :, :8], pattern[:, :, 24:])
    assert torch.equal(cue.values[:, 0, :, 8:], pattern[:, :, :24])


@pytest.mark.parametrize("by", [0.01, 1.0])
def test_a_shift_that_would_not_move_is_refused(by):
    with pytest.raises(ValueError, match=r"0\.031 moves by one"):
        cue_of(Shift(by=by))


def test_a_subset_shows_its_share_of_the_lit_values_at_its_level():
    cue, pattern = cue_of(Subset(share=0.1, level=0.8))
    shown = cue.values[:, 0] > 0
    assert (pattern[shown] == 1).all()
    assert torch.equal(shown.sum((1, 2)), (0.1 * pattern.sum((1, 2))).round().long())
    assert cue.values[cue.values > 0].unique().item() == pytest.approx(0.8)


@pytest.mark.parametrize(("share", "count"), [(0.0, 0), (0.001, 1), (1.0, 5)])
def test_a_subset_shows_one_value_at_least_unless_none_is_wanted(share, count):
    pattern = torch.zeros(4, 32, 32)
    pattern[:, 3, :5] = 0.8
    cue = Subset(share=share).cue(pattern, pattern, SPACES[1], FOUR)
    assert (cue.values.sum((1, 2, 3)) == count).all()


@pytest.mark.parametrize("kind", [Noise(), Uniform(), Nothing(), Start()])
def test_an_uninformative_cue_does_not_know_the_pattern(kind):
    one, other = torch.ones(4, 32, 32), torch.zeros(4, 32, 32)
    values = kind.cue(one, one, SPACES[0], FOUR).values
    assert torch.equal(values, kind.cue(other, other, SPACES[0], FOUR).values)


def test_noise_has_the_spread_it_says():
    values = cue_of(Noise(sigma=0.1))[0].values
    assert values.square().mean().sqrt().item() == pytest.approx(0.1, rel=0.05)


def test_the_inverse_is_lit_where_the_pattern_is_dark():
    pattern = torch.zeros(4, 32, 32)
    pattern[:, :4] = 0.8
    values = Inverse(scale=0.15).cue(pattern, pattern, SPACES[1], FOUR).values[:, 0]
    assert (values[:, :4] == 0).all()
    assert torch.allclose(values[:, 4:], torch.tensor(0.12))


def test_a_wrong_cue_is_the_foil_and_nothing_of_the_pattern():
    space = SPACES[0]
    foil = patterns(space, "foil")
    full, _ = cue_of(Wrong())
    assert torch.equal(full.values[:, 0], foil)
    assert full.certain.all()
    faint, _ = cue_of(Wrong(form="amplitude", scale=0.2, sigma=0.0))
    assert torch.equal(faint.values[:, 0], 0.2 * foil)
    assert not faint.certain.any()


@pytest.mark.parametrize(
    "kind", [Mask(), Flip(), Half(), Box(), Shift(), Wrong(), Nothing(), Start()]
)
def test_symbols_can_be_masked_flipped_and_moved(kind):
    cue, _ = cue_of(kind, SYMBOLIC)
    SYMBOLIC.check(cue.values)


@pytest.mark.parametrize(
    "kind",
    [Amplitude(), Subset(), Noise(), Uniform(), Inverse(), Wrong(form="amplitude")],
)
def test_levels_between_symbols_are_refused(kind):
    with pytest.raises(ValueError, match=r"needs a graded or binary space.*5 symbols; use mask"):
        cue_of(kind, SYMBOLIC)


@pytest.mark.parametrize("kind", [Wedge(), Half(side="top"), Half(side="bottom")])
def test_a_line_has_no_angle_and_no_top(kind):
    with pytest.raises(ValueError, match=r"needs a .*got 64, 2 symbols; use"):
        cue_of(kind, Space((64,)))


@pytest.mark.parametrize(
    ("kind", "wrong"),
    [
        (Mask, {"keep": 1.5}),
        (Amplitude, {"sigma": -0.1}),
        (Noise, {"sigma": float("inf")}),
        (Half, {"side": "front"}),
        (Flip, {"share": "most"}),
        (Wedge, {"start": 1.0}),
        (Wedge, {"start": float("nan")}),
        (Mask, {"keep": float("nan")}),
        (Mask, {"keep": True}),
        (Amplitude, {"scale": float("inf")}),
        (Amplitude, {"scale": 1e300}),
        (Uniform, {"level": "0.5"}),
    ],
)
def test_a_parameter_out_of_range_is_refused_by_name(kind, wrong):
    with pytest.raises(ValidationError, match=next(iter(wrong))):
        kind(**wrong)


def test_the_configs_are_all_the_kinds():
    targets = {yaml.safe_load(config.read_text())["_target_"] for config in CONFIGS}
    known = [type(kind) for kind in [*KINDS, Inputs()]]
    assert targets == {f"{kind.__module__}.{kind.__name__}" for kind in known}


@pytest.mark.parametrize("config", CONFIGS, ids=lambda config: config.stem)
def test_every_cue_config_lists_its_fields_with_their_defaults(config):
    settings = yaml.safe_load(config.read_text())
    kind = instantiate(settings, _convert_="all")
    fields = {field.name for field in dataclasses.fields(kind)}
    assert fields == settings.keys() - {"_target_"}
    assert kind == get_class(settings["_target_"])()
    assert config.read_text().startswith("# ")
