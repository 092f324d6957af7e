"""Launchers: a job is composed as Hydra would, and a launcher says what it cannot do."""

import signal

import pytest
from hydra._internal.hydra import Hydra
from hydra._internal.utils import create_config_search_path
from hydra.core.global_hydra import GlobalHydra
from hydra.errors import HydraException
from hydra.types import RunMode
from omegaconf.errors import OmegaConfBaseException

from memlab.app.composer import choices, plain
from memlab.app.schema import Refused
from memlab.cli import conf_dir
from memlab.sweep.compose import Composer
from memlab.sweep.crews import absent, answering
from memlab.sweep.pool import settings
from memlab.sweep.worker import death

FORMS = [
    ["seed=3"],
    ["seed=3", "seed=4"],
    ["substrate=notebook", "seed=3"],
    ["substrate=notebook", "protocol=single", "patterns=random", "seed=3", "replicates=2"],
    ["substrate.size=64", "substrate.feed=0.04", "substrate.law=graded"],
    ["name=a b", "outputs='with, comma'"],
    ["name='quoted: text'", 'outputs="a=b"'],
    ["name=null", "resume=false", "checkpoint.every=null"],
    ["checkpoint={every:5.0}"],
    ["+cues.other={_target_:memlab.cues.Mask,keep:0.5}"],
    ["seed=3", "++seed=4", "seed=5"],
    ["++seed=4", "seed=5", "cue=half"],
    ["~metrics.claims", "seed=2"],
    ["++sweep.axes={a:[1,2],b:'x'}", "sweep.figures=never"],
    ["tracking.uri=sqlite:///${outputs}/other.db", "outputs=elsewhere"],
    ["tracking=none", "protocol=three_phase", "seed=9"],
    ["metrics=single", "figures=single", "protocol=single"],
    ["substrate=gray_scott", "substrate.strength=1e-3", "substrate.size=32"],
]
WRONG = [
    ["sead=3"],
    ["substrate=nothing_such", "seed=1"],
    ["substrate.feet=0.1"],
    ["seed.x=1"],
    ["+seed=1"],
    ["~nothing"],
    ["seed=[1"],
]


@pytest.fixture(scope="module")
def composer():
    GlobalHydra.instance().clear()
    path = create_config_search_path(str(conf_dir()))
    hydra = Hydra.create_main_hydra2(task_name="memlab", config_search_path=path)
    loader = hydra.config_loader
    master = loader.load_configuration("config", ["tracking.interval=2.0"], RunMode.MULTIRUN)
    yield Composer(loader, master)
    GlobalHydra.instance().clear()


def reference(composer, words):
    """What Hydra itself makes of a job."""
    config = composer.loader.load_sweep_config(composer.master, words)
    chosen = choices(config.hydra)
    tree = {key: value for key, value in config.items_ex(resolve=False) if key != "hydra"}
    return plain(type(config)(tree)), chosen


@pytest.mark.parametrize("words", FORMS, ids=" ".join)
def test_a_job_is_composed_as_hydra_composes_it(composer, words):
    job = composer.job(words)
    assert (job.config, job.choices) == reference(composer, words)


def test_one_job_leaves_nothing_in_the_next(composer):
    before = composer.job(["seed=1"])
    composer.job(["seed=2", "+cues={x:{_target_:memlab.cues.Mask,keep:0.5}}"])
    assert composer.job(["seed=1"]) == before


@pytest.mark.parametrize("words", WRONG, ids=" ".join)
def test_what_hydra_refuses_is_refused_in_its_words(composer, words):
    with pytest.raises((HydraException, OmegaConfBaseException)) as ours:
        composer.job(words)
    with pytest.raises(type(ours.value)) as theirs:
        composer.loader.load_sweep_config(composer.master, words)
    assert str(ours.value) == str(theirs.value)


def test_jobs_with_equal_choices_are_composed_once(composer):
    composer.bases.clear()
    for seed in range(20):
        composer.job(["substrate=notebook", f"seed={seed}"])
    assert len(composer.bases) == 1


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ((0, 1, "loky", None), "hydra.launcher.n_jobs must be greater than 0 or 'auto', got 0"),
        (("many", 1, "loky", None), "hydra.launcher.n_jobs must be a valid integer or 'auto'"),
        ((1, 0, "loky", None), "hydra.launcher.threads_per_job must be greater than 0, got 0"),
        (
            (1, 1, "dusk", None),
            "hydra.launcher.backend must be 'loky', 'dask' or 'ray', got 'dusk'",
        ),
        ((1, 1, "loky", "tcp://x:1"), "address is that of a cluster"),
    ],
)
def test_settings_that_cannot_be_are_refused(given, message):
    with pytest.raises(Refused, match=message):
        settings(*given)


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:9", "127.0.0.1:9", "nonsense", "host:x"])
def test_a_cluster_that_does_not_answer_is_named(address):
    with pytest.raises(Refused, match=f"but {address} does not answer"):
        answering("Dask scheduler", address)


def test_a_missing_library_is_told_with_its_extra():
    assert 'pip install "memlab[ray]"' in str(absent("ray"))


def test_a_death_is_told_by_its_signal_or_its_code():
    assert death(-signal.SIGSEGV) == "its process was ended by SIGSEGV (segmentation fault)"
    assert death(-signal.SIGKILL) == "its process was ended by SIGKILL (often: out of memory)"
    assert death(3) == "its process ended with exit code 3"
