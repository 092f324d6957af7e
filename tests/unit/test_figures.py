"""Every figure of the configuration draws a hand-made run, or says why not."""

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
import torch
from hydra.utils import instantiate
from matplotlib.figure import Figure
from omegaconf import OmegaConf
from PIL import Image

from memlab.absent import Absent
from memlab.claims import Status, Verdict
from memlab.figures.bars import control_bars, interference_bars
from memlab.figures.curves import scar_growth, score_over_time
from memlab.figures.gallery import gallery
from memlab.figures.maps import cue_memory_matrix, scar_maps
from memlab.figures.style import apart
from memlab.figures.verdicts import by_scale, claim_forest, reference_dots
from memlab.figures.video import animation
from memlab.report import (
    Reference,
    evaluate,
    numbers,
    reference_frame,
    reference_table,
    reference_words,
    scalar_frame,
    scalar_table,
    verdict_frame,
    verdict_table,
)
from memlab.session import Exposure, Film
from memlab.space import Space
from memlab.statistics import estimate
from memlab.substrate import Series
from tests.unit.sessions import CEILINGS, FLOORS, asked_once, blobs, three_phase

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
    absent = [one.reason for one in report.scalars.values() if isinstance(one, Absent)]
    told = len(report.scalars) - len(absent)
    assert scalar_table(report).row_count == told + len(set(absent))
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


def test_references_are_printed_with_the_decimals_of_their_tolerance():
    scalars = {"mass": lambda _: torch.full((8,), 203.5239), "step": lambda _: torch.ones(8) * 57}
    wanted = [
        Reference("mass", published=203.524, expected=203.524, tolerance=0.001),
        Reference("step", expected=57, tolerance=8),
        Reference("mass", published=203.5),
    ]
    first, second, third = evaluate(three_phase(), scalars, {}, wanted).references
    told = ("203.524", "203.524 ± 0.001", "203.524 [203.524, 203.524]")
    assert reference_words(first) == told
    assert reference_words(second) == ("–", "57 ± 8", "57 [57, 57]")
    assert reference_words(third)[:2] == ("203.5", "– ± –")


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


def curves_of(axes) -> dict:
    return {line.get_label(): line for line in axes.lines if not line.get_label().startswith("_")}


def short(session, steps: int):
    """The same run, looked at this often."""

    def cut(recall):
        found = {
            n: Series(s.steps[:steps], s.values[..., :steps]) for n, s in recall.series.items()
        }
        return replace(recall, series=found)

    session.recalls = [cut(r) for r in session.recalls]
    return session


@pytest.mark.parametrize("replicates", [1, 8])
def test_one_look_is_drawn_as_a_dot(replicates, tmp_path):
    drawn = score_over_time(
        short(three_phase(replicates), 1), BARE, arms=["idle", "rehearsed"], phase="after"
    )
    drawn.savefig(tmp_path / "dot.png", dpi=40)
    lines = curves_of(drawn.axes[0])
    assert {line.get_marker() for line in lines.values()} == {"o"}
    assert [len(line.get_xdata()) for line in lines.values()] == [1, 1]


def test_scores_over_time_are_one_line_an_arm_and_one_name_a_floor():
    drawn = score_over_time(
        three_phase(), BARE, arms=["idle", "rehearsed", "nobody"], phase="after", group="targets"
    )
    axes = drawn.axes[0]
    assert list(curves_of(axes)) == ["idle", "rehearsed"]
    assert all(len(line.get_xdata()) == 41 for line in curves_of(axes).values())
    assert len(axes.texts) == len(FLOORS)
    assert axes.get_ylabel() == "Pearson with the whole target"


def test_many_floors_have_names_that_do_not_overlap():
    session = three_phase()
    more = {f"floor_{i}": session.recalls[1].controls["blank"] for i in range(12)}
    session.floors = (*session.floors, *more)
    session.recalls = [replace(r, controls=r.controls | more) for r in session.recalls]
    drawn = score_over_time(session, BARE, arms=["interfered"], phase="after", group="targets")
    drawn.draw_without_rendering()
    boxes = sorted((text.get_window_extent() for text in drawn.axes[0].texts), key=lambda b: b.y0)
    assert len(boxes) == 20
    assert all(low.y1 <= high.y0 + 2 for low, high in pairwise(boxes))


def test_scars_grow_from_nothing_over_equal_times():
    session = three_phase()
    last = session.exposures[2]
    rest = {n: Series(s.steps[-1:] * 3, s.values[:, -1:]) for n, s in last.series.items()}
    session.exposures.append(Exposure(("idle",), "interfere", None, rest, presentations=3))
    lines = curves_of(scar_growth(session, BARE, arms=["interfered", "idle"]).axes[0])
    assert lines["interfered"].get_xdata()[-1] == lines["idle"].get_xdata()[-1] == 6
    assert [line.get_xdata()[0] for line in lines.values()] == [0, 0]


def test_scars_first_seen_late_start_at_nothing_all_the_same():
    session = three_phase()
    first = session.exposures[0]
    late = {n: Series(s.steps[3:], s.values[:, 3:], s.unit) for n, s in first.series.items()}
    session.exposures[0] = replace(first, series=late)
    line = curves_of(scar_growth(session, BARE, arms=["idle"]).axes[0])["idle"]
    assert line.get_xdata()[:2] == pytest.approx([0, 0.3])
    assert line.get_ydata()[0] == 0 < line.get_ydata()[1]


def test_bars_stand_for_treatments_and_controls_on_the_hidden_part():
    session = three_phase()
    drawn = interference_bars(session, BARE, measure="hidden_pearson")
    assert [len(axes.patches) for axes in drawn.axes] == [5, 3]
    assert drawn.axes[0].get_ylabel() == "Pearson on the hidden part"
    bars = control_bars(
        session, BARE, arm="idle", phase="after", group="targets", measure="hidden_pearson"
    )
    axes = bars.axes[0]
    assert len(axes.get_yticklabels()) == 1 + len(FLOORS) + len(CEILINGS)
    assert axes.get_xlabel() == "Pearson on the hidden part"


def test_a_forest_has_a_dot_for_every_margin_and_names_the_grey_ones():
    session = three_phase()
    report = reported(session, "three_phase")
    panels = claim_forest(session, report).axes
    axes, lines = panels[0], [line for panel in panels for line in panel.lines]
    dots = [line for line in lines if line.get_marker() == "o" and len(line.get_xdata())]
    assert len(dots) == sum(len(v.margins) for v in report.verdicts)
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["other controls"]
    assert axes.get_xlabel().startswith("margin in Pearson on the hidden part")


def test_margins_far_narrower_than_others_have_an_axis_of_their_own():
    def judged(name, *means):
        margins = {f"floor {k}": estimate([mean, mean]) for k, mean in enumerate(means)}
        first = next(iter(margins), "")
        return Verdict(name, name, Status.NOT_SHOWN, "", margins.get(first), first, 1, 1, margins)

    verdicts = (judged("a", 0.3, 40), judged("b", 0.004), judged("c", -0.005), judged("d"))
    assert [[v.name for v in part] for part in by_scale(verdicts)] == [["a", "d"], ["b", "c"]]
    assert [len(part) for part in by_scale(verdicts[1:])] == [3]
    axes = claim_forest(three_phase(), replace(BARE, verdicts=verdicts)).axes
    assert axes[0].get_xlim()[1] == 1
    assert axes[2].get_xlim()[1] < 0.01


def test_dots_of_references_show_what_was_measured():
    session = RUNS["scarring_validation"]()
    report = reported(session, "scarring_validation")
    rows = [r for r in report.references if "/control" not in r.reference.metric_name]
    measured = [r for r in rows if not isinstance(r.measured, Absent)]
    drawn = reference_dots(session, report)
    lines = [line for axes in drawn.axes for line in axes.lines if len(line.get_xdata())]
    assert sum(line.get_marker() == "o" for line in lines) == len(measured) > 0
    assert sum(len(axes.get_yticklabels()) for axes in drawn.axes) == len(rows)


def test_maps_say_of_which_arms_they_are():
    drawn = scar_maps(three_phase(), BARE)
    titles = [axes.get_title() for axes in drawn.axes if axes.images and axes.get_title()]
    assert titles[0].replace("\n", " ") == "interfered, idle, rehearsed after acquire"


def test_a_matrix_prints_every_pair():
    axes = cue_memory_matrix(three_phase(), BARE, arm="idle", phase="after").axes[0]
    assert len(axes.texts) == 6 * 6


@pytest.mark.parametrize("controls", [0, 7, 8, 14])
def test_a_gallery_folds_when_it_has_many_columns(controls, tmp_path):
    truth = blobs(2, 3)
    names = [f"floor_{i}" for i in range(controls)]
    session = asked_once(lambda truth: truth, patterns=truth, controls=dict.fromkeys(names, truth))
    drawn = gallery(session, BARE, arm="written", phase="recall", controls=names)
    drawn.savefig(tmp_path / "gallery.png", dpi=40)
    assert sum(len(axes.images) for axes in drawn.axes) == len(drawn.axes) == 3 * (3 + controls)
    heads = [axes.get_title() for axes in drawn.axes if axes.get_title()]
    assert heads == ["target", "cue", "answer", *(f"floor {i}" for i in range(controls))]
    assert drawn.get_figwidth() <= 12.2


@pytest.mark.parametrize("name", PROTOCOLS)
def test_no_two_figures_of_a_protocol_have_one_title(name):
    session = RUNS[name]()
    report = reported(session, name)
    drawn = [figure(session, report) for figure in loaded("figures", name).values()]
    titles = [figure.get_suptitle() for figure in drawn if isinstance(figure, Figure)]
    assert len(set(titles)) == len(titles) > 0


def test_one_replicate_draws_without_intervals(tmp_path):
    session = three_phase(1)
    drawn = interference_bars(session, evaluate(session, {}, {}))
    drawn.savefig(tmp_path / "bars.png", dpi=40)
    assert [bar for axes in drawn.axes for bar in axes.patches]
    assert not any(
        len(line.get_xdata()) == 2 and line.get_xdata()[0] == line.get_xdata()[1]
        for axes in drawn.axes
        for line in axes.lines
    )


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
