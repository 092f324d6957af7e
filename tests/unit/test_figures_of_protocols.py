"""Every figure configured for a protocol is drawn from a small real run."""

import pytest
from hydra import compose, initialize_config_dir
from matplotlib.figure import Figure

from memlab.absent import Absent
from memlab.app.assembly import planned, prepared
from memlab.app.composer import plain
from memlab.app.schema import checked
from memlab.cli import conf_dir
from memlab.report import evaluate
from memlab.runner import Progress, execute

SMALL = {
    "capacity": ["protocol.ladder=[2,8,20]", "protocol.asked=4"],
    "basin": ["protocol.loads=[3,9]", "protocol.asked=4"],
    "salience": ["protocol.items=9", "patterns.salience={low:0.5,high:3.0}"],
    "stream": ["protocol.items=20", "substrate.decay=0.05"],
    "spacing": ["protocol.gaps=[0,2]", "protocol.delays=[1,3]"],
    "recognition": ["protocol.old=4", "protocol.new=4"],
    "lesion": ["protocol.items=2", "protocol.shares=[0.0,0.5,1.0]"],
}
BASE = ["substrate=hopfield", "patterns=signs", "patterns.units=64", "replicates=6", "cue=flip"]
STREAM = ["patterns.steps=300", "patterns.tested=100"]
OF_TASKS = {
    "train_test": ["protocol.ladder=[1,2]", *STREAM],
    "memory_capacity": [*STREAM, "patterns.lags=6", "substrate.memory=state"],
    "continual": [
        "patterns=sine",
        "protocol.presentations=1",
        "protocol.protections=[ewc]",
        *STREAM,
    ],
}
OF_CONCEPTS = {
    "concepts": [
        "substrate=hebbian_kwta_tokens",
        "patterns=concepts",
        "replicates=6",
        "protocol.acquired=[1,2]",
        "protocol.interfered=[1,2]",
        "+protocol.contrasts={concept_absent:{probability:0.0},learning_off:{plastic:false}}",
        "+protocol.contrasts.larger={units:256}",
        "substrate.steps=4",
    ],
}
OF_STRINGS = {
    "one_pass": [
        "substrate=notebook",
        "patterns=strings",
        "patterns.longest=5",
        "replicates=4",
        "protocol.train=30",
        "protocol.test=8",
        "protocol.asked=[5]",
        "protocol.prefixes=[1,2]",
        "protocol.completed=4",
        "protocol.samples=6",
    ],
}
CELL = ["substrate=pmrc", "substrate.cell.hidden=6", "substrate.updates=3", "replicates=6"]
ALL = {
    **{name: [*BASE, *words] for name, words in SMALL.items()},
    **{name: [*CELL, *words] for name, words in OF_TASKS.items()},
    **OF_CONCEPTS,
    **OF_STRINGS,
}


@pytest.mark.parametrize("protocol", ALL)
def test_every_figure_of_a_protocol_is_drawn_and_every_claim_judged(protocol, tmp_path):
    small = ALL[protocol]
    with initialize_config_dir(str(conf_dir()), version_base="1.3"):
        words = [f"protocol={protocol}", *small]
        settings = checked(plain(compose("config", overrides=words)))
    plan, instruments = planned(settings, protocol), prepared(settings)
    session = execute(plan, Progress())
    report = evaluate(session, instruments.scalars, instruments.claims)
    assert all(verdict.effect is not None for verdict in report.verdicts)
    for name, draw in instruments.figures.items():
        figure = draw(session, report)
        assert isinstance(figure, Figure), figure.reason if isinstance(figure, Absent) else name
        figure.savefig(tmp_path / f"{name}.png")
        assert (tmp_path / f"{name}.png").stat().st_size > 5_000
