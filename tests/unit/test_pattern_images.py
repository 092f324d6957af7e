"""Real images: faces, and what is done to a pool of images before any is drawn."""

import numpy as np
import pytest
import torch
from pydantic import ValidationError

from memlab.draws import Draws
from memlab.patterns import faces
from memlab.patterns.digits import Digits
from memlab.patterns.faces import Faces
from memlab.patterns.folder import Folder
from memlab.patterns.normalise import normalised, prepared, telling
from memlab.patterns.source import with_contrast

TEN = Draws(seed=1, replicates=tuple(range(10)))
POOL = torch.rand(40, 6, 6, generator=torch.Generator().manual_seed(0)).cumsum(2) / 6


def covariance(pool):
    """Of the pixels of a pool ``(P, H, W)``."""
    return torch.cov(pool.flatten(1).double().T)


def test_nothing_is_done_to_a_pool_unless_asked():
    assert torch.equal(normalised(POOL, "none"), POOL)


@pytest.mark.parametrize("how", ["centred", "whitened"])
def test_a_normalised_pool_fills_the_unit_interval_about_its_mean(how):
    pool = normalised(POOL, how)
    torch.testing.assert_close(pool.mean(0), torch.full((6, 6), 0.5))
    assert (pool - 0.5).abs().max() == 0.5


def test_centring_keeps_every_difference_but_for_one_factor():
    raw, pool = POOL[3] - POOL[8], normalised(POOL, "centred")[3] - normalised(POOL, "centred")[8]
    factor = pool.norm() / raw.norm()
    torch.testing.assert_close(pool, factor * raw, rtol=0, atol=1e-6)


def test_whitening_makes_pixels_uncorrelated_and_equally_varied():
    found = covariance(normalised(POOL, "whitened"))
    even = found / found.diagonal().mean()
    torch.testing.assert_close(even, torch.eye(36, dtype=torch.float64), rtol=0, atol=0.15)
    assert covariance(POOL).fill_diagonal_(0).abs().max() > 0.5 * covariance(POOL).max()


@pytest.mark.parametrize("how", ["centred", "whitened"])
def test_a_normalised_binary_pool_lights_every_pixel_in_half_of_the_images(how):
    pool = prepared(POOL, normalise=how, alphabet="binary", threshold=0.9)
    assert torch.equal(pool.mean(0), torch.full((6, 6), 0.5))


def test_equal_images_cannot_be_normalised():
    with pytest.raises(ValueError, match="needs images that differ, got 3 equal ones"):
        normalised(POOL[:1].expand(3, 6, 6), "centred")


def test_images_that_tell_nothing_are_left_out():
    pool = torch.stack([POOL[0], torch.ones(6, 6), POOL[1], POOL[0], POOL[2]])
    assert torch.equal(telling(pool), POOL[:3])


@pytest.mark.parametrize("alphabet", ["binary", "graded"])
@pytest.mark.parametrize("how", ["none", "centred", "whitened"])
@pytest.mark.parametrize("kind", [Digits, Faces])
def test_image_sets_draw_distinct_patterns_of_their_space_however_normalised(kind, how, alphabet):
    source = kind(size=16, alphabet=alphabet, normalise=how)
    patterns = source.draw(60, TEN)
    source.space.check(patterns)
    with_contrast(patterns, source.names(60))
    assert all(len(own.unique(dim=0)) == 60 for own in patterns)


def test_normalising_takes_away_what_images_have_in_common():
    def alike(how):
        patterns = Digits(size=8, alphabet="graded", normalise=how).draw(100, TEN)[0].flatten(1)
        return float(torch.corrcoef(patterns)[~torch.eye(100, dtype=torch.bool)].mean())

    assert alike("none") == pytest.approx(0.5, abs=0.05)
    assert abs(alike("centred")) < 0.06
    assert abs(alike("whitened")) < 0.06


def test_a_folder_is_normalised_over_all_its_files(tmp_path):
    for k in range(4):
        np.save(tmp_path / f"{k}.npy", POOL[k].numpy())
    drawn = Folder(path=tmp_path, size=6, alphabet="graded", normalise="centred").draw(2, TEN)[0]
    torch.testing.assert_close(drawn, normalised(POOL[:4], "centred")[:2], rtol=0, atol=1e-5)


def test_an_image_without_contrast_is_named(tmp_path):
    for k in range(3):
        np.save(tmp_path / f"{k}.npy", POOL[k].numpy())
    np.save(tmp_path / "grey.npy", np.full((6, 6), 0.3))
    with pytest.raises(ValueError, match=r"must have contrast, but 'grey' is 0.3 everywhere"):
        Folder(path=tmp_path, size=6, alphabet="graded").draw(1, TEN)


def test_a_pattern_without_contrast_is_named_with_its_replicate():
    patterns = torch.eye(4).expand(2, 3, 4, 4).clone()
    patterns[1, 2] = 0
    with pytest.raises(ValueError, match="'c' of replicate 1 is 0 everywhere"):
        with_contrast(patterns, ("a", "b", "c"))


def test_there_are_a_hundred_faces_and_a_hundred_others_and_no_more():
    everything = [Faces(kind=kind).draw(100, TEN)[0] for kind in ("faces", "non_faces")]
    assert len(torch.cat(everything).unique(dim=0)) == 200
    with pytest.raises(ValueError, match="101 faces were asked for, but there are 100"):
        Faces().draw(101, TEN)


def test_faces_come_before_what_is_none():
    both = Faces(kind="both", faces=5)
    names, patterns = both.names(8), both.draw(8, TEN)
    assert names == (*(f"face_{k}" for k in range(5)), *(f"non_face_{k}" for k in range(3)))
    known = {face.numpy().tobytes() for face in Faces().draw(100, TEN)[0]}
    assert [p.numpy().tobytes() in known for p in patterns[3]] == [True] * 5 + [False] * 3


def test_faces_are_as_alike_as_is_known_of_them():
    images = Faces().draw(100, TEN)[0].flatten(1)
    apart = ~torch.eye(100, dtype=torch.bool)
    cosines = torch.nn.functional.normalize(images) @ torch.nn.functional.normalize(images).T
    assert torch.corrcoef(images)[apart].mean() == pytest.approx(0.28, abs=0.02)
    assert cosines[apart].mean() == pytest.approx(0.88, abs=0.02)


def test_without_the_images_one_is_told_how_to_get_them(monkeypatch):
    monkeypatch.setattr(faces, "find_spec", lambda _: None)
    with pytest.raises(ValidationError, match=r'pip install "memlab\[faces\]"'):
        Faces()
