"""A finished run computed once more, from what its folder says of it."""

import time
from dataclasses import dataclass
from pathlib import Path
from typing import final

import yaml
from hydra import compose, initialize_config_dir

from memlab.app.composer import plain
from memlab.app.schema import Refused, Tree, checked
from memlab.cli import conf_dir
from memlab.record.identity import SILENT, key
from memlab.record.outcome import OUTCOME, Outcome, Status, found

NEEDED = ("config.yaml", OUTCOME, "session.npz")


class Impossible(Exception):
    """A run that cannot be repeated, and why."""


@final
@dataclass(frozen=True)
class Original:
    """A finished run as it was recorded."""

    folder: Path
    outcome: Outcome
    config: Tree
    facts: dict[str, str]  # provenance.facts, none where they were not kept

    @property
    def launch(self) -> Path:
        """The folder it was started in, which relative paths start from."""
        return Path(self.facts.get("memlab.launch", Path.cwd()))


def original(folder: Path, facts: dict[str, str]) -> Original:
    """What a folder says of its run; Impossible if that is not a whole, finished run."""
    missing = [name for name in NEEDED if not (folder / name).is_file()]
    outcome = found(folder)
    if outcome is not None and outcome.status is not Status.FINISHED:
        told = f": {outcome.message}" if outcome.message else ""
        raise Impossible(f"only a finished run can be compared; {folder} is {outcome.status}{told}")
    if outcome is None or missing:
        raise Impossible(f"{folder} must hold {', '.join(NEEDED)}; {', '.join(missing)} is missing")
    return Original(folder, outcome, configured(folder), facts)


def configured(folder: Path) -> Tree:
    """The configuration in a run's folder."""
    try:
        return dict(yaml.safe_load((folder / "config.yaml").read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError, yaml.YAMLError) as error:
        raise Impossible(f"{folder}/config.yaml must be a configuration, but {error}") from error


def repeatable(run: Original) -> Tree:
    """The run's configuration with the device and threads that it had, and its own patterns."""
    config = renewed(run.config)
    if run.facts.get("memlab.device") == "cpu":
        config["device"] = "cpu"
    if run.facts.get("memlab.threads", "").isdigit():
        config["threads"] = int(run.facts["memlab.threads"])
    path = config["patterns"].get("path")
    if isinstance(path, str):
        config["patterns"] = config["patterns"] | {
            "path": str(run.launch / Path(path).expanduser())
        }
    return config


def renewed(config: Tree) -> Tree:
    """A configuration whose silent parts are as they are today: a run outlives new keys there."""
    with initialize_config_dir(str(conf_dir()), version_base="1.3"):
        today = plain(compose("config", overrides=["tracking=none"]))
    return config | {name: today[name] for name in SILENT}


def repeated(run: Original, folder: Path) -> dict[str, str]:
    """Compute a run again into an empty folder; returns the facts of this time."""
    from memlab import archive
    from memlab.app.assembly import planned, prepared
    from memlab.app.laboratory import finished
    from memlab.app.progress import live
    from memlab.app.results import keep_tables
    from memlab.record.process import here
    from memlab.record.provenance import facts, keep_facts
    from memlab.report import evaluate
    from memlab.runner import Progress, execute

    began, then = time.time(), run.outcome
    try:
        settings = checked(repeatable(run))
        plan = planned(settings, then.factors.get("protocol", ""))
        instruments = prepared(settings)
    except (Refused, KeyError) as error:
        raise Impossible(f"this code no longer accepts what the run was asked:\n{error}") from error
    known = facts(run.config, plan.experiment.device, run.launch)
    keep_facts(known, folder)
    text = yaml.safe_dump(run.config, sort_keys=False, allow_unicode=True)
    (folder / "config.yaml").write_text(text, encoding="utf-8")
    again = Outcome(
        Status.RUNNING,
        str(folder),
        then.overrides,
        then.factors,
        key(run.config, run.launch),
        here(),
    ).save()
    progress = Progress()
    with live(progress, f"Computing it again in {folder}", quiet=False):
        session = execute(plan, progress)
        report = evaluate(session, instruments.scalars, instruments.claims, instruments.references)
    archive.save(session, folder / "session.npz")
    keep_tables(session, report, folder)
    finished(again, report, time.time() - began).save()
    return known
