"""Every experiment of conf runs, and the published one gives the numbers it is said to give."""

import json
from pathlib import Path

import pytest
import yaml

from memlab import native
from tests.end_to_end.test_cli import memlab

CONF = Path(__file__).parents[2] / "conf" / "experiment"
EXPERIMENTS = sorted(path.stem for path in CONF.glob("*.yaml"))
DOSES = ["protocol.acquired=[1,3]", "protocol.interfered=[2]", "protocol.rested=[1]"]
SHRUNK = {  # what makes an experiment short; the published one is checked at its full size
    "continual": ["protocol.presentations=3"],
    "emotion": [],
    "hopfield_capacity": [],
    "in_context": ["substrate.neurons=128", "substrate.width=32", "substrate.steps=40"],
    "long_readout": ["substrate.read_steps=600"],
    "names": [
        *("protocol.train=200", "protocol.test=20", "protocol.asked=[20]"),
        *("protocol.prefixes=[2]", "protocol.completed=10", "protocol.samples=10"),
    ],
    "salience": ["protocol.items=30"],
    "scarring_validation": [],
    "zypher": DOSES,
    "zypher_published": DOSES,
}

pytestmark = pytest.mark.skipif(not native.available(), reason="takes minutes without the kernel")


@pytest.fixture(scope="module", params=EXPERIMENTS)
def run(request, tmp_path_factory):
    """The folder of a run of an experiment, with few replicates."""
    folder = tmp_path_factory.mktemp(request.param)
    options = ("replicates=4", "tracking=none", f"hydra.run.dir={folder}", *SHRUNK[request.param])
    result = memlab(folder, f"experiment={request.param}", *options)
    assert result.returncode == 0, result.stderr
    return folder


def table(folder, name):
    """One of the tables a run leaves."""
    return json.loads((folder / "tables" / f"{name}.json").read_text())


def test_an_experiment_judges_all_its_claims(run):
    claims = table(run, "claims")
    assert claims
    assert all(claim["status"] != "no data" for claim in claims), claims


def test_an_experiment_measures_what_it_is_compared_with(run):
    for row in table(run, "references"):
        assert row["absent"] == "", row
        assert abs(row["mean"] - row["expected"]) <= row["tolerance"], row


def test_an_experiment_draws_its_figures(run):
    wanted = yaml.safe_load((run / "config.yaml").read_text())["figures"]
    drawn = [path for path in (run / "figures").glob("*.png") if path.stat().st_size > 5_000]
    assert {path.stem for path in drawn} == set(wanted)
    assert len(wanted) >= 3
    assert not list((run / "figures").glob("*.txt")), "a figure was not drawn"


def test_every_experiment_is_tested():
    assert set(SHRUNK) == set(EXPERIMENTS)
