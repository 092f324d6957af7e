import numpy as np
import pytest
import torch
from PIL import Image
from pydantic import ValidationError

from memlab.draws import Draws
from memlab.patterns.digits import Digits
from memlab.patterns.folder import Folder
from memlab.patterns.geometry import published, scale_free
from memlab.patterns.image import Shapes
from memlab.patterns.noise import Blobs, Random, Smooth

KINDS = ("square_spots", "ring", "line", "cross", "diagonal_stripes")
TEN = Draws(seed=1, replicates=tuple(range(10)))
SOURCES = [
    Shapes(),
    Shapes(shapes=("random", "ring"), level=0.8),
    Random(),
    Smooth(),
    Blobs(),
    Digits(),
]


@pytest.fixture
def folder(tmp_path):
    rng = np.random.default_rng(0)
    Image.fromarray(rng.integers(0, 256, (40, 20), dtype=np.uint8)).save(tmp_path / "c.png")
    np.save(tmp_path / "a.npy", rng.random((16, 16)))
    np.savez(tmp_path / "b.npz", one=rng.random((8, 8)), two=rng.random((64, 64)) > 0.5)
    return tmp_path


@pytest.mark.parametrize(
    ("kind", "offset", "count"),
    [
        ("square_spots", (0, 0), 2788),
        ("square_spots", (-64, -64), 1612),
        ("ring", (0, 0), 6252),
        ("line", (0, 0), 3620),
        ("cross", (0, 0), 4161),
        ("diagonal_stripes", (0, 0), 32818),
    ],
)
def test_published_shapes_light_the_published_number_of_pixels(kind, offset, count):
    assert published(kind, 256, offset).sum() == count


def test_published_line_is_the_union_of_its_discs():
    y, x = torch.meshgrid(torch.arange(256), torch.arange(256), indexing="ij")
    union = torch.zeros(256, 256, dtype=torch.bool)
    for i in range(50, 200):
        union |= (x - i - 7) ** 2 + (y - i + 3) ** 2 < 64
    assert torch.equal(published("line", 256, (7, -3)), union)


def test_published_shapes_keep_their_pixels_and_are_cut_at_the_border():
    assert published("square_spots", 64).sum() == 0
    assert published("ring", 64).sum() == 113
    assert torch.equal(published("line", 512)[:256, :256], published("line", 256))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("size", [64, 128, 512, 1024])
def test_shapes_cover_the_same_share_of_every_grid(kind, size):
    share = scale_free(kind, size).double().mean().item()
    # A diagonal line is a whole, odd number of diagonals wide: 5 of 5.7 at 64, 11 of 11.3 at 128.
    tolerance = 0.14 if (kind, size) == ("line", 64) else 0.05
    assert share == pytest.approx(scale_free(kind, 256).double().mean().item(), rel=tolerance)


@pytest.mark.parametrize("kind", KINDS)
def test_shapes_cover_about_what_the_published_ones_do(kind):
    lit, expected = scale_free(kind, 256).sum().item(), published(kind, 256).sum().item()
    assert lit == pytest.approx(expected, rel=0.06)


@pytest.mark.parametrize("kind", KINDS)
def test_an_offset_moves_a_shape_round_the_torus(kind):
    moved = scale_free(kind, 64, (160, -40))  # 1/256 of the side: 40 and -10 pixels
    assert torch.equal(moved, scale_free(kind, 64).roll((-10, 40), (0, 1)))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("size", [32, 48])
def test_shapes_show_on_the_default_grid(kind, size):
    assert 40 <= scale_free(kind, size).sum() <= 0.52 * size**2


@pytest.mark.parametrize("source", SOURCES)
def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(source):
    first = source.draw(3, TEN)
    assert first.shape == (10, 3, *source.space.shape)
    assert first.dtype == torch.float32
    assert torch.equal(first, source.draw(3, TEN))
    assert not torch.equal(first, source.draw(3, Draws(2, TEN.replicates)))


@pytest.mark.parametrize("source", SOURCES)
def test_a_replicate_does_not_depend_on_the_others(source):
    assert torch.equal(source.draw(3, TEN)[4:5], source.draw(3, Draws(1, (4,))))


@pytest.mark.parametrize("source", SOURCES)
def test_an_item_does_not_depend_on_how_many_are_drawn(source):
    assert torch.equal(source.draw(9, TEN)[:, :4], source.draw(4, TEN))
    assert source.names(9)[:4] == source.names(4)


@pytest.mark.parametrize("source", SOURCES)
def test_patterns_are_of_their_space_and_distinct(source):
    patterns = source.draw(20, TEN)
    source.space.check(patterns)
    for own in patterns:
        assert len(own.unique(dim=0)) == 20
    assert len(set(source.names(20))) == 20


@pytest.mark.parametrize("source", SOURCES)
def test_replicates_draw_their_own_patterns(source):
    assert len(source.draw(1, TEN).unique(dim=0)) > 5


def test_random_placement_shows_every_kind_once_per_cycle():
    lit = {int(scale_free(kind, 32).sum()): kind for kind in KINDS[:4]}
    for own in Shapes().draw(8, TEN).sum((-2, -1)):
        kinds = [lit[int(count)] for count in own]
        assert sorted(kinds[:4]) == sorted(KINDS[:4])
        assert kinds[4:] == kinds[:4]


def test_item_0_is_another_kind_in_another_replicate():
    assert len(Shapes().draw(1, TEN).sum((-2, -1)).unique()) == 4


def test_random_placement_is_a_translation_round_the_torus():
    pattern = Shapes(shapes=("cross",)).draw(1, Draws(3, (0,)))[0, 0]
    whole = scale_free("cross", 32).float()
    moves = [whole.roll((down, right), (0, 1)) for down in range(32) for right in range(32)]
    assert any(torch.equal(pattern, moved) for moved in moves)


def test_fixed_placement_shows_the_list_to_every_replicate():
    source = Shapes(
        shapes=("ring", "line", "ring"), placement="fixed", offsets=((0, 0),) * 2 + ((9, 9),)
    )
    patterns = source.draw(3, TEN)
    assert torch.equal(patterns, patterns[:1].expand_as(patterns))
    assert torch.equal(patterns[0, 2].bool(), scale_free("ring", 32, (9, 9)))
    assert source.names(3) == ("ring", "line", "ring_2")


@pytest.mark.parametrize(
    ("source", "count", "named"),
    [
        (Shapes(placement="fixed"), 5, "placement=random"),
        (Shapes(shapes=("ring", "ring"), placement="fixed"), 2, "offsets"),
        (Shapes(shapes=("diagonal_stripes",)), 17, "raise size"),
        (Random(size=2), 17, "raise size"),
        (Digits(classes=(3,)), 1000, "classes"),
    ],
)
def test_too_few_distinct_patterns_say_what_to_change(source, count, named):
    with pytest.raises(ValueError, match=named):
        source.draw(count, Draws(0, (0,)))


def test_sixteen_stripes_on_the_default_grid_are_all_found():
    patterns = Shapes(shapes=("diagonal_stripes",)).draw(16, Draws(0, (0,)))[0]
    assert len(patterns.unique(dim=0)) == 16


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"shapes": ("circle",)}, "square_spots"),
        ({"shapes": ()}, "shapes"),
        ({"size": 0}, "size"),
        ({"level": 1.5}, "level"),
        ({"offsets": ((1, 1),)}, "placement=fixed"),
        ({"offsets": ((1, 1),), "placement": "fixed"}, "one per shape"),
        ({"size": 64, "pixels": "published"}, "scale_free"),
        ({"size": 8}, "raise size"),
        ({"size": 10**12}, "size"),
        ({"size": True}, "size"),
        ({"level": float("nan")}, "level"),
        ({"level": True}, "level"),
        ({"density": float("inf")}, "density"),
        ({"offsets": ((10**12, 0),) * 4, "placement": "fixed"}, "offsets"),
    ],
)
def test_shapes_that_cannot_be_drawn_are_refused_by_name(wrong, named):
    with pytest.raises(ValidationError, match=named):
        Shapes(**wrong)


@pytest.mark.parametrize("size", [16, 32, 50])
def test_blobs_cover_exactly_their_share(size):
    lit = Blobs(size=size, coverage=0.2).draw(2, TEN).sum((-2, -1))
    assert (lit == round(0.2 * size**2)).all()


def test_random_pixels_have_their_density():
    assert Random(density=0.3).draw(20, TEN).mean() == pytest.approx(0.3, abs=0.01)


def test_smooth_fields_fill_the_unit_interval_and_are_smooth():
    fields = Smooth(size=64).draw(2, TEN)
    assert (fields.amin((-2, -1)) == 0).all()
    assert (fields.amax((-2, -1)) == 1).all()
    across_the_border = (fields[..., 0] - fields[..., -1]).abs().mean()
    assert across_the_border < 0.5 * (fields[..., 0] - fields[..., 32]).abs().mean()


def test_digits_are_the_enlarged_originals():
    sharp = Digits(size=32, resize="nearest", alphabet="graded").draw(2, TEN)
    assert torch.equal(
        sharp, sharp[..., ::4, ::4].repeat_interleave(4, -1).repeat_interleave(4, -2)
    )
    assert torch.equal(sharp * 16, (sharp * 16).round())


def test_digits_of_some_classes_come_from_these_alone():
    pool = {image.numpy().tobytes() for image in Digits(size=8, classes=(0,)).draw(160, TEN)[0]}
    ones = Digits(size=8, classes=(1,)).draw(100, TEN)[0]
    assert not pool & {image.numpy().tobytes() for image in ones}


def test_a_folder_lists_its_files_in_order(folder):
    source = Folder(path=folder)
    assert source.names(4) == ("a", "b_one", "b_two", "c")
    patterns = source.draw(4, TEN)
    source.space.check(patterns)
    assert torch.equal(patterns[0], patterns[7])


def test_a_folder_in_random_order_holds_the_same_patterns(folder):
    listed = Folder(path=folder).draw(4, TEN)
    mixed = Folder(path=folder, order="random").draw(4, TEN)
    assert not torch.equal(listed, mixed)
    assert torch.equal(listed[3].unique(dim=0), mixed[3].unique(dim=0))


def test_a_folder_image_keeps_its_greys_and_dark_inverts_them(tmp_path):
    grey = np.arange(64, dtype=np.uint8).reshape(8, 8)
    Image.fromarray(grey).save(tmp_path / "x.png")
    bright = Folder(path=tmp_path, size=8, alphabet="graded").draw(1, Draws(0, (0,)))[0, 0]
    assert torch.allclose(bright, torch.from_numpy(grey) / 255)
    dark = Folder(path=tmp_path, size=8, alphabet="graded", lit="dark").draw(1, Draws(0, (0,)))
    assert torch.equal(dark[0, 0], 1 - bright)


def test_a_sixteen_bit_image_keeps_its_greys(tmp_path):
    grey = (np.arange(64, dtype=np.uint16) * 1000).reshape(8, 8)
    Image.fromarray(grey).save(tmp_path / "x.png")
    pattern = Folder(path=tmp_path, size=8, alphabet="graded").draw(1, Draws(0, (0,)))[0, 0]
    assert torch.allclose(pattern, torch.from_numpy(grey.astype(np.float32)) / 65535)


@pytest.mark.parametrize(
    ("values", "named"),
    [
        (np.zeros((3, 8, 8)), r"x must be one 2-D array, got shape \(3, 8, 8\)"),
        (np.full((8, 8), np.nan), "x must be finite"),
        (np.full((8, 8), 7), "x must lie in"),
        (np.zeros((8, 8)), "'x' is 0 everywhere"),
        (np.zeros((8, 8), complex), "real numbers"),
        (np.array([{}]), "x.npy cannot be read"),
    ],
)
def test_an_array_that_is_no_pattern_is_refused_by_name(tmp_path, values, named):
    np.save(tmp_path / "x.npy", values)
    with pytest.raises(ValueError, match=named):
        Folder(path=tmp_path).draw(1, TEN)


@pytest.mark.parametrize("name", ["x.png", "x.npy", "x.npz"])
def test_a_broken_file_is_named(tmp_path, name):
    (tmp_path / name).write_bytes(b"nonsense")
    with pytest.raises(ValueError, match=f"{name} cannot be read"):
        Folder(path=tmp_path).draw(1, TEN)


@pytest.mark.parametrize("kind", [Random, Smooth, Blobs, Digits, Folder])
@pytest.mark.parametrize("size", [0, 10**12, 1e12, True, float("nan"), "32"])
def test_an_absurd_size_is_refused_by_name(tmp_path, kind, size):
    where = {"path": tmp_path} if kind is Folder else {}
    with pytest.raises(ValidationError, match="size"):
        kind(size=size, **where)


@pytest.mark.parametrize("path", ["no\0path", "~no-such-user/x", "x" * 5000, __file__])
def test_a_path_that_cannot_be_a_folder_is_refused_in_words(path):
    with pytest.raises(ValidationError, match="path must be a folder that can be read, got"):
        Folder(path=path)


def test_a_folder_that_is_absent_or_bare_is_refused(tmp_path):
    with pytest.raises(ValidationError, match="must be a folder"):
        Folder(path=tmp_path / "nowhere")
    (tmp_path / "notes.txt").write_text("none")
    with pytest.raises(ValidationError, match=r"found none in"):
        Folder(path=tmp_path)


def test_a_folder_with_too_few_or_equal_patterns_says_so(folder):
    with pytest.raises(ValueError, match="holds 4; add files or ask for fewer"):
        Folder(path=folder).draw(5, TEN)
    (folder / "d.npy").write_bytes((folder / "a.npy").read_bytes())
    with pytest.raises(ValueError, match="'a' and 'd' are the same"):
        Folder(path=folder).names(1)
