"""Every figure of the configuration draws a hand-made run, or says why not."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from hydra.utils import instantiate
from matplotlib.figure import Figure
from omegaconf import OmegaConf
from PIL import Image

from memlab.absent import Absent
from memlab.figures.bars import control_bars, interference_bars
from memlab.figures.curves import scar_growth, score_over_time
from memlab.figures.gallery import gallery
from memlab.figures.maps import cue_memory_matrix, scar_maps
from memlab.figures.style import apart
from memlab.figures.verdicts import claim_forest, reference_dots
from memlab.figures.video import animation
from memlab.report import (
    Reference,
    evaluate,
    numbers,
    reference_frame,
    reference_table,
    scalar_frame,
    scalar_table,
    verdict_frame,
    verdict_table,
)
from memlab.session import Film
from memlab.space import Space
from tests.unit.sessions import asked_once, three_phase

CONF = Path(__file__).parents[2] / "conf"
PROTOCOLS = ("three_phase", "single", "scarring_validation")
BARE = evaluate(three_phase(), {}, {})


def loaded(group: str, name: str):
    return instantiate(OmegaConf.load(CONF / group / f"{name}.yaml"), _convert_="all")


def reported(session, name: str):
    metrics = loaded("metrics", name)
    return evaluate(session, metrics["scalars"], metrics["claims"], metrics["references"])


def renamed(session, arms: dict[str, str], phases: dict[str, str]):
    """The same run as if its arms and phases had these names."""

    def told(log):
        names = tuple(arms.get(arm, arm) for arm in log.arms)
        return replace(log, arms=names, phase=phases.get(log.phase, log.phase))

    session.recalls = [told(r) for r in session.recalls if r.phase == "after"]
    session.exposures = [told(e) for e in session.exposures]
    session.snapshots = [told(s) for s in session.snapshots]
    session.groups |= {"single": (0,), "several": (1, 2, 3)}
    return session


RUNS = {
    "three_phase": three_phase,
    "single": lambda: renamed(
        three_phase(), {"idle": "written", "lures_only": "unwritten"}, {"after": "recall"}
    ),
    "scarring_validation": lambda: renamed(
        three_phase(),
        {"idle": "p2_scarred", "lures_only": "p2_unscarred", "interfered": "p3"},
        {"after": "recall", "acquire": "train"},
    ),
}


@pytest.mark.parametrize("name", PROTOCOLS)
def test_every_configured_figure_draws_or_says_why_not(name, tmp_path):
    session = RUNS[name]()
    report = reported(session, name)
    drawn = {label: figure(session, report) for label, figure in loaded("figures", name).items()}
    for label, figure in drawn.items():
        if isinstance(figure, Figure):
            figure.savefig(tmp_path / f"{label}.png", dpi=40)
        else:
            assert figure.reason
    absent = {label for label, figure in drawn.items() if isinstance(figure, Absent)}
    assert absent <= {"training"}


@pytest.mark.parametrize("name", PROTOCOLS)
def test_every_configured_measure_is_a_number_or_says_why_not(name):
    report = reported(RUNS[name](), name)
    assert any(not isinstance(value, Absent) for value in report.scalars.values())
    assert {row.reference.metric_name for row in report.references} <= set(report.scalars)
    assert len(verdict_frame(report)) == len(report.verdicts) > 0


def test_a_report_reads_the_same_in_every_form():
    report = reported(three_phase(), "three_phase")
    frame = scalar_frame(report).set_index("name")
    assert numbers(report)["after/pearson"] == frame.loc["after/pearson", "mean"]
    assert frame.loc["time/half_life", "absent"].startswith("did not fall")
    assert "time/half_life" not in numbers(report)
    assert scalar_table(report).row_count == len(report.scalars)
    assert verdict_table(report).row_count == len(report.verdicts)


@pytest.mark.parametrize(("replicates", "exploratory"), [(5, True), (6, False)])
def test_few_replicates_make_a_report_exploratory(replicates, exploratory):
    assert evaluate(three_phase(replicates), {}, {}).exploratory is exploratory


def test_a_reference_is_within_its_tolerance_or_not():
    scalars = {"x": lambda _: torch.full((8,), 0.5), "y": lambda _: Absent("no such thing")}
    wanted = [
        Reference("x", published=0.6, expected=0.52, tolerance=0.03),
        Reference("x", expected=0.9, tolerance=0.03),
        Reference("y", expected=0.9, tolerance=0.03),
        Reference("z", published=0.1),
    ]
    report = evaluate(three_phase(), scalars, {}, wanted)
    assert [row.within for row in report.references] == [True, False, None, None]
    assert reference_frame(report)["absent"].tolist()[2:] == [
        "no such thing",
        "no scalar 'z' in this report",
    ]
    assert reference_table(report).row_count == 4


def test_figures_without_data_say_what_is_missing():
    session = asked_once(lambda truth: truth)
    where = {"arm": "nobody", "phase": "recall"}
    found = [
        gallery(session, BARE, **where),
        cue_memory_matrix(session, BARE, **where),
        control_bars(session, BARE, **where, group="targets"),
        score_over_time(session, BARE, arms=["nobody"], phase="recall"),
        scar_growth(session, BARE, arms=["written"]),
        scar_maps(session, BARE),
        interference_bars(session, BARE),
        claim_forest(session, BARE),
        reference_dots(session, BARE),
    ]
    assert all(isinstance(figure, Absent) and figure.reason for figure in found)


@pytest.mark.parametrize("shape", [(12,), (6, 6, 6)])
def test_lines_and_volumes_have_a_gallery_too(shape, tmp_path):
    symbols = torch.randint(0, 3, (2, 2, *shape)).float()
    space = Space(shape, 3)
    answer = space.as_response(symbols)
    session = asked_once(lambda _: answer, patterns=symbols, space=space)
    drawn = gallery(session, BARE, arm="written", phase="recall")
    drawn.savefig(tmp_path / "gallery.png", dpi=40)
    assert len(drawn.axes) == 2 * 3


def test_one_replicate_draws_without_intervals(tmp_path):
    session = three_phase(1)
    drawn = interference_bars(session, evaluate(session, {}, {}))
    drawn.savefig(tmp_path / "bars.png", dpi=40)


def test_a_gallery_shows_values_on_one_fixed_scale():
    drawn = gallery(asked_once(lambda truth: 0.3 * truth), BARE, arm="written", phase="recall")
    assert {image.get_clim() for axes in drawn.axes for image in axes.images} == {(0, 1)}


def test_a_film_becomes_a_moving_picture(tmp_path):
    frames = torch.rand(5, 2, 8, 8)
    film = Film("acquire", ("v", "scar depth"), ("step",) * 5, frames)
    made = animation(film, tmp_path / "film.gif")
    with Image.open(made) as picture:
        assert picture.n_frames == 5


def test_without_ffmpeg_an_mp4_becomes_a_gif(tmp_path, monkeypatch):
    monkeypatch.setattr("memlab.figures.video.FFMpegWriter.isAvailable", lambda: False)
    film = Film("before", ("ring",), ("step",) * 3, torch.rand(3, 1, 8, 8))
    assert animation(film, tmp_path / "film.mp4") == tmp_path / "film.gif"
    assert (tmp_path / "film.gif").exists()


def test_labels_are_moved_apart_in_order():
    assert apart([0.5, 0.5, 0.0], 0.1) == pytest.approx([0.45, 0.55, 0.0])
