"""What any medium's activity represents: measured in a run, and known for hand-made codes."""

import pytest
import torch
from hydra import compose, initialize_config_dir

from memlab.absent import Absent
from memlab.app.assembly import planned, prepared
from memlab.app.composer import plain
from memlab.app.schema import checked
from memlab.cli import conf_dir
from memlab.codes.dimension import unbiased_participation_ratio
from memlab.codes.overlap import jaccard_by_chance
from memlab.codes.sparseness import population_sparseness
from memlab.metrics import codes, representation
from memlab.report import evaluate
from memlab.runner import Progress, execute
from tests.unit.test_codes_of_runs import recall, session

SPARSE = ["patterns=sparse", "patterns.units=60", "patterns.active=6"]
SMALL = [*SPARSE, "protocol.ladder=[2,12]", "replicates=2"]
MEDIA = {
    "willshaw": ["substrate=willshaw"],
    "pmrc": ["substrate=pmrc", "substrate.cell.hidden=6", "substrate.updates=1"],
}


@pytest.fixture(scope="module", params=MEDIA)
def run(request):
    """A run, and all that the metrics of codes say of it."""
    words = ["protocol=capacity", "metrics=[capacity,codes]", *MEDIA[request.param], *SMALL]
    with initialize_config_dir(str(conf_dir()), version_base="1.3"):
        settings = checked(plain(compose("config", overrides=words)))
    log = execute(planned(settings, "capacity"), Progress())
    return log, evaluate(log, prepared(settings).scalars, {}).scalars


def test_any_medium_with_activity_has_all_measures_of_its_codes(run):
    log, scalars = run
    found = {name: value for name, value in scalars.items() if name.startswith("code/")}
    assert len(found) == 15
    assert not [name for name, value in found.items() if isinstance(value, Absent)]
    assert "capacity/items" in scalars
    last = log.recalls[-1].activity
    assert len(log.recalls[-1].items) == 12
    unbiased = representation.dimensions_unbiased(log)
    torch.testing.assert_close(unbiased, unbiased_participation_ratio(last))
    sparse = representation.sparseness(log, arm="ladder", axis="items", x="first")
    torch.testing.assert_close(sparse, population_sparseness(log.recalls[0].activity.abs()).mean(1))


CODES = [[1.0, 1, 0, 0], [0, 0, 2, 2], [0, 2, 2, 0]]


def test_codes_are_as_alike_as_their_sets_and_random_ones_are():
    run = session(recall("acquired", 1, CODES))
    assert representation.alike(run).item() == pytest.approx(2 / 9)  # 0, 1/3 and 1/3
    assert representation.alike_by_chance(run).item() == jaccard_by_chance(4, 2, 2)
    assert jaccard_by_chance(4, 2, 2) == pytest.approx((4 * 1 / 3 + 1) / 6)


def test_the_unit_that_tells_an_item_from_others_is_found_and_its_search_corrected():
    run = session(recall("acquired", 1, CODES))
    assert representation.selective(run, of="concept").tolist() == [1]
    by_chance = representation.selective_p(run, of="concept").item()
    assert by_chance > 0.6  # of three items any is told by some unit
    apart = representation.selective_held_out(run, of="concept")
    assert isinstance(apart, Absent)
    assert "two samples with the concept" in apart.reason


def test_a_measure_that_a_run_does_not_allow_says_why():
    run = session(recall("acquired", 1, CODES), recall("acquired", 2, None))
    assert "shows no activity" in representation.alike(run).reason
    assert "acquired was not 3" in representation.alike(run, axis="acquired", x=3).reason
    assert "nothing was asked in arm 'idle'" in representation.dimensions(run, arm="idle").reason
    few = representation.dimensions_unbiased(run, axis="acquired", x=1)
    assert "from 4 samples or more" in few.reason
    assert "equally far apart" in representation.as_patterns(run, axis="acquired", x=1).reason
    assert codes.distinct(run, axis="acquired", x=1).tolist() == [3]
