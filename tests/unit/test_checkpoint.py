"""A run that goes on from a checkpoint is the run that never stopped, to the last bit."""

import errno
import os
from dataclasses import fields, is_dataclass, replace
from functools import partial
from pathlib import Path
from zipfile import ZipFile

import pytest
import torch
from hydra.utils import instantiate

from memlab import archive, checkpoint, controls
from memlab.checkpoint import Checkpoint, Checkpoints
from memlab.controls import Controls
from memlab.cues import Half
from memlab.experiment import prepare
from memlab.patterns.pairs import Pairs
from memlab.position import Position
from memlab.record.attempts import CHECKPOINT
from memlab.runner import Progress, execute, played
from memlab.substrate import Engram, Part, Role
from memlab.substrates.gray_scott import GrayScott
from memlab.substrates.notebook import Notebook
from tests.contract.conftest import NAMES, holds_pairs, settings_of
from tests.unit.test_runner import experiment

FEW = Controls(
    {"blank": controls.blank, "shifted": controls.shifted, "cue": controls.cue},
    {"nearest": controls.nearest, "picture": controls.picture},
)
SMALL_FIELD = partial(GrayScott, size=32, write_steps=20, read_steps=20)
TYPES = [
    *(torch.float16, torch.float32, torch.float64, torch.complex64),
    *(torch.bool, torch.uint8, torch.int16, torch.int32, torch.int64),
]


def fresh(substrate, *, video=False):
    """A small three-phase run, its arms sharing their beginnings, that has not begun."""
    return prepare(replace(experiment(substrate), controls=FEW, video=video))


def differences(one, other, path=""):
    """Where two recorded values differ, in type, shape or any bit."""
    if type(one) is not type(other):
        return [f"{path}: {type(one)} and {type(other)}"]
    if isinstance(one, torch.Tensor):
        same = one.dtype == other.dtype and one.shape == other.shape
        bits = [x.contiguous().view(-1).view(torch.uint8) for x in (one, other)]
        return [] if same and torch.equal(*bits) else [path]
    if is_dataclass(one):
        pairs = [(f.name, getattr(one, f.name), getattr(other, f.name)) for f in fields(one)]
    elif isinstance(one, dict):
        pairs = [(k, one.get(k), other.get(k)) for k in [*one, *(other.keys() - one.keys())]]
        if list(one) != list(other):
            return [f"{path}: {list(one)} and {list(other)}"]
    elif isinstance(one, list | tuple):
        if len(one) != len(other):
            return [f"{path}: {len(one)} and {len(other)} of them"]
        pairs = [(i, *pair) for i, pair in enumerate(zip(one, other, strict=True))]
    else:
        return [] if one == other else [f"{path}: {one} and {other}"]
    return [where for name, a, b in pairs for where in differences(a, b, f"{path}.{name}")]


def arrays(session, folder):
    """What the file of a session holds, by name."""
    with ZipFile(archive.save(session, folder / "session.npz")) as file:
        return {entry.filename: entry.CRC for entry in file.infolist()}


def kept(folder, **options):
    """The checkpoints of a folder, one after every act."""
    return Checkpoints(folder, "k", **({"every": 1e-9, "earlier": (folder,)} | options))


@pytest.fixture(autouse=True)
def _often(monkeypatch):
    """However long a checkpoint takes, the next may follow."""
    monkeypatch.setattr(checkpoint, "SHARE", 0)


def cut(plan, folder, acts, **options):
    """Play so many acts of a run, with a checkpoint after each, and drop it."""
    positions = played(plan, Progress(), Position(plan.session))
    some = (position for _, position in zip(range(acts), positions, strict=False))
    kept(folder, **options).keep(plan, some)


def gone_on(plan, folder):
    """The session and the progress of a run that goes on from its checkpoint."""
    progress = Progress()
    position = kept(folder).latest(plan)
    assert position is not None
    for _ in played(plan, progress, position):
        pass
    return plan.session, progress


@pytest.mark.parametrize("dtype", TYPES, ids=str)
def test_an_engram_of_any_type_is_the_same_after_a_save(dtype, tmp_path):
    values = torch.arange(24).reshape(2, 3, 4).to(dtype)
    engram = Engram(
        {
            "items": Part(values, grows=True),
            "turned": Part(values.mT, Role.BODY, grid=True),
            "none": Part(values[:, :0], Role.LEARNER),
            "count": Part(values[:, 0, 0]),
        },
        used=torch.tensor([3, 1]),
    )
    session = fresh(Notebook).session
    path = archive.save(Position(session, {3: engram}), tmp_path / "position.npz")
    loaded = archive.read(path, Position).engrams[3]
    assert not differences(engram, loaded)
    assert loaded.digest() == engram.digest()
    assert loaded["turned"].stride() == engram["turned"].stride()
    assert list(loaded.memory()) == ["items", "count"]


@pytest.mark.parametrize("substrate", [SMALL_FIELD, Notebook], ids=["gray_scott", "notebook"])
def test_a_run_cut_after_any_act_goes_on_to_the_same_bits(substrate, tmp_path):
    whole, progress = fresh(substrate), Progress()
    files = []
    for act, position in enumerate(played(whole, progress, Position(whole.session))):
        now = Checkpoint("k", checkpoint.machine(torch.device("cpu")), position)
        (tmp_path / str(act)).mkdir()
        files.append(archive.save(now, tmp_path / str(act) / CHECKPOINT))
    assert len(files) == progress.total
    for file in files:
        session, resumed = gone_on(fresh(substrate), file.parent)
        assert not differences(whole.session, session)
        assert arrays(session, tmp_path) == arrays(whole.session, tmp_path)
        assert not differences(progress.series, resumed.series)
        assert (resumed.done, resumed.ticks) == (progress.done, progress.ticks)


def test_the_video_of_a_run_that_was_cut_lacks_no_frame(tmp_path):
    whole = execute(fresh(SMALL_FIELD, video=True), Progress())
    cut(fresh(SMALL_FIELD, video=True), tmp_path, acts=4)
    session, _ = gone_on(fresh(SMALL_FIELD, video=True), tmp_path)
    assert whole.films
    assert not differences(whole, session)


@pytest.mark.parametrize("name", NAMES)
def test_every_medium_goes_on_to_the_same_bits(name, tmp_path):
    config = settings_of(name)
    if "steps" in config and holds_pairs(name):
        config.update({"steps": 3})

    def anew():
        small = replace(experiment(instantiate(config)), controls=FEW)
        if holds_pairs(name):
            small = replace(small, patterns=Pairs(keys=4, values=4), cue=Half())
        return prepare(small)

    whole = execute(anew(), Progress())
    cut(anew(), tmp_path, acts=9)
    session, _ = gone_on(anew(), tmp_path)
    assert not differences(whole, session)


def test_a_run_that_was_cut_twice_goes_on_to_the_same_bits(tmp_path):
    whole = execute(fresh(SMALL_FIELD), Progress())
    cut(fresh(SMALL_FIELD), tmp_path, acts=5)
    second = fresh(SMALL_FIELD)
    positions = played(second, Progress(), kept(tmp_path).latest(second))
    some = (position for _, position in zip(range(6), positions, strict=False))
    kept(tmp_path).keep(second, some)
    session, progress = gone_on(fresh(SMALL_FIELD), tmp_path)
    assert progress.earlier > 5
    assert not differences(whole, session)


@pytest.mark.parametrize("size", [0, 1, 100, -1])
def test_a_torn_checkpoint_is_not_used(size, tmp_path, caplog):
    plan = fresh(Notebook)
    cut(plan, tmp_path, acts=3)
    file = tmp_path / CHECKPOINT
    os.truncate(file, size if size >= 0 else file.stat().st_size + size)
    assert kept(tmp_path).latest(fresh(Notebook)) is None
    assert "is not used, the run starts anew" in caplog.text


def test_no_bit_of_a_checkpoint_may_have_changed(tmp_path):
    cut(fresh(Notebook), tmp_path, acts=3)
    file = tmp_path / CHECKPOINT
    whole = file.read_bytes()
    before = kept(tmp_path).latest(fresh(Notebook))
    for at in range(0, len(whole), 997):
        file.write_bytes(whole[:at] + bytes([whole[at] ^ 4]) + whole[at + 1 :])
        position = kept(tmp_path).latest(fresh(Notebook))
        assert position is None or not differences(before, position)


def test_a_checkpoint_of_another_run_is_not_used(tmp_path, caplog):
    cut(fresh(Notebook), tmp_path, acts=3)
    assert replace(kept(tmp_path), key="other").latest(fresh(Notebook)) is None
    assert "it must be of the run other, got one of k" in caplog.text


def test_a_checkpoint_from_another_machine_is_not_used(tmp_path, caplog, monkeypatch):
    cut(fresh(Notebook), tmp_path, acts=3)
    monkeypatch.setattr(checkpoint, "device_name", lambda _: "another")
    assert kept(tmp_path).latest(fresh(Notebook)) is None
    assert "it must have been computed on another" in caplog.text


def test_a_checkpoint_that_does_not_fit_the_plan_is_not_used(tmp_path, caplog):
    cut(fresh(Notebook), tmp_path, acts=3)
    other = prepare(replace(experiment(Notebook), seed=2))
    assert kept(tmp_path).latest(other) is None
    assert "must be of the same items, groups and controls" in caplog.text


def test_the_checkpoint_of_another_attempt_moves_to_this_one(tmp_path):
    old, new = tmp_path / "old", tmp_path / "new"
    old.mkdir()
    new.mkdir()
    cut(fresh(Notebook), old, acts=3)
    assert kept(new, earlier=()).latest(fresh(Notebook)) is None
    assert (old / CHECKPOINT).exists()
    assert kept(new, earlier=(new, old)).latest(fresh(Notebook)) is not None
    assert not (old / CHECKPOINT).exists()
    assert (new / CHECKPOINT).exists()


def test_a_full_disk_keeps_the_last_checkpoint_and_the_run_goes_on(tmp_path, monkeypatch, caplog):
    cut(fresh(SMALL_FIELD), tmp_path, acts=3)
    before = (tmp_path / CHECKPOINT).read_bytes()
    plan = fresh(SMALL_FIELD)

    def full(_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        kept(tmp_path).keep(plan, played(plan, Progress(), Position(plan.session)))
    assert plan.session.complete
    assert "No space left on device" in caplog.text
    assert [file.name for file in tmp_path.iterdir()] == [CHECKPOINT]
    assert (tmp_path / CHECKPOINT).read_bytes() == before


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_file_that_cannot_be_written_leaves_nothing_behind(tmp_path):
    (tmp_path / ".session.npz.partial").symlink_to("/dev/full")
    with pytest.raises(OSError, match="No space left"):
        archive.save(fresh(Notebook).session, tmp_path / "session.npz")
    assert not list(tmp_path.iterdir())


def test_checkpoints_take_a_small_share_of_a_run(tmp_path, monkeypatch):
    monkeypatch.setattr(checkpoint, "SHARE", 30)
    clock, written = [0.0], []

    def slow(value, path, *, level):
        clock[0] += 2
        written.append(clock[0])

    def acts():
        for _ in range(1000):
            clock[0] += 1
            yield Position(plan.session)

    plan = fresh(Notebook)
    monkeypatch.setattr(checkpoint.time, "monotonic", lambda: clock[0])
    monkeypatch.setattr(archive, "save", slow)
    kept(tmp_path, every=5).keep(plan, acts())
    assert written[0] == 7
    assert written[1] - written[0] == 62
    assert 2 * len(written) < 0.035 * clock[0]


def test_null_keeps_no_checkpoint(tmp_path):
    cut(fresh(Notebook), tmp_path, acts=5, every=None)
    assert not list(tmp_path.iterdir())


def test_a_whole_run_leaves_no_checkpoint(tmp_path):
    cut(fresh(Notebook), tmp_path, acts=5)
    kept(tmp_path).clear()
    kept(tmp_path).clear()
    assert not list(tmp_path.iterdir())
