"""The end of a sweep: one table over seeds, one summary run, every failure, one exit code."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, final

from hydra.experimental.callback import Callback
from omegaconf import DictConfig

from memlab.app.composer import plain
from memlab.app.outcome import CODES, OUTCOME, Outcome, Status, loaded
from memlab.app.pipe import written


@final
class Summary(Callback):
    """Called by the composer when all jobs of a sweep are done."""

    def on_multirun_end(self, config: DictConfig, **_: Any) -> None:
        """Show and keep the summary; leave with an error if any job did not finish."""
        folder = Path(config.hydra.runtime.cwd, config.hydra.sweep.dir)
        outcomes = gathered(folder)
        finished = [outcome for outcome in outcomes if outcome.status is Status.FINISHED]
        codes = [outcome.code for outcome in outcomes]
        if finished:
            tracking = plain(config.tracking)
            from memlab.app.summary import conclude  # heavy, as the jobs were

            try:
                conclude(finished, tracking, folder, Path(config.hydra.runtime.cwd))
            except Exception as error:  # which Hydra would only warn of
                codes.append(CODES[Status.FAILED])
                written(f"FAILED: the summary is incomplete: {error}\n", sys.stderr)
        written(failures(outcomes), sys.stderr)
        if any(codes):
            raise SystemExit(max(codes))


def gathered(folder: Path) -> list[Outcome]:
    """The outcomes of a sweep's jobs, in the order they were started."""
    files = sorted(folder.glob(f"*/{OUTCOME}"), key=lambda file: int(file.parent.name))
    return [loaded(file) for file in files]


def failures(outcomes: Sequence[Outcome]) -> str:
    """Every job that did not finish: what it was asked, what went wrong, where its log is."""
    lost = [outcome for outcome in outcomes if outcome.status is not Status.FINISHED]
    lines = [f"{len(outcomes) - len(lost)} of {len(outcomes)} jobs finished."]
    for outcome in lost:
        lines += [
            f"{outcome.status}: {' '.join(outcome.overrides)}",
            *(f"  {line}" for line in outcome.message.splitlines()),
            f"  log: {outcome.folder}/memlab.log",
        ]
    return "\n".join(lines) + "\n"
