"""The jobs of a sweep side by side, each in a process of its own: none can end the others."""

import logging
import sys
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Literal, TypeAlias, final

from hydra.core.config_loader import ConfigLoader
from omegaconf import DictConfig
from pydantic import Field, ValidationError
from pydantic.dataclasses import dataclass as checked

from memlab.app.job import logged, unfinished
from memlab.app.pipe import written
from memlab.app.refusal import explained
from memlab.app.schema import MOST_THREADS, Refused, complaints
from memlab.app.task import Task
from memlab.record.attempts import cleared
from memlab.record.outcome import Outcome, Status, found
from memlab.record.place import LOG, Place
from memlab.sweep.batch import Queued
from memlab.sweep.compose import Composer
from memlab.sweep.crews import Backend, Crew, crew
from memlab.sweep.worker import GOING, GRACE, stack_taken

log = logging.getLogger(__name__)
Count: TypeAlias = Annotated[int, Field(strict=True, gt=0, le=4096)]
Death: TypeAlias = tuple[Task, str]  # a task, and how its process ended


@final
@checked(frozen=True)
class Settings:
    """How many jobs at once, with how many threads each, and whose processes run them."""

    n_jobs: Count | Literal["auto"]
    threads_per_job: Annotated[int, Field(strict=True, gt=0, le=MOST_THREADS)]
    backend: Backend
    address: str | None  # of an existing cluster

    def __post_init__(self) -> None:
        if self.backend == "loky" and self.address is not None:
            raise ValueError(
                "address is that of a cluster and needs backend=dask or backend=ray, got "
                f"{self.address!r} with backend=loky"
            )

    def crew(self, *, alone: bool = False) -> Crew:
        """Whoever is asked for; ``alone`` lets one job run at a time."""
        count = None if self.n_jobs == "auto" else self.n_jobs
        return crew(self.backend, 1 if alone else count, self.threads_per_job, self.address)


def settings(n_jobs: object, threads_per_job: object, backend: object, address: object) -> Settings:
    """The settings of ``hydra.launcher``, checked."""
    try:
        return Settings(
            n_jobs=n_jobs,  # type: ignore[arg-type]
            threads_per_job=threads_per_job,  # type: ignore[arg-type]
            backend=backend,  # type: ignore[arg-type]
            address=address,  # type: ignore[arg-type]
        )
    except ValidationError as error:
        raise Refused("\n".join(complaints(error, prefix="hydra.launcher"))) from error


@final
@dataclass
class Pool:
    """Runs the jobs of a sweep, batch after batch, by a crew that stays until the end."""

    settings: Settings | Queued
    loader: ConfigLoader
    config: DictConfig  # of the sweep
    crew: Crew | None = None

    def hired(self) -> Crew:
        """The crew; Refused if there is none to be had."""
        if self.crew is None:
            self.crew = self.settings.crew()
        return self.crew

    def run(self, jobs: Iterable[Sequence[str]], first: int) -> None:
        """Run every job; its folder, named by its number from ``first`` on, tells how it ended.

        A job whose process dies is tried once more after the others, alone: memory may be short
        only while many jobs share it.
        """
        some = tasks(Composer(self.loader, self.config), self.config, jobs, first)
        again = [task for task, how in self._through(some) if set_aside(task, how)]
        if not again:
            return
        self.close()
        self.crew = self.settings.crew(alone=True)
        for task, how in self._through(again):
            lost(task, f"{how}, and so when it was tried again, alone")
        self.close()

    def close(self) -> None:
        """Send the crew home."""
        if self.crew is not None:
            self.crew.close()
            self.crew = None

    def _through(self, some: Iterable[Task]) -> list[Death]:
        """Run all tasks; those whose process died, and how."""
        crew = self.hired()
        going = Path(self.config.hydra.sweep.dir) / GOING
        pending: dict[Future[str], Task] = {}
        going.touch()
        try:
            return list(died(some, crew, pending))
        except BaseException:
            going.unlink(missing_ok=True)  # every job under way closes its run
            wait(pending, GRACE + 2)
            self.close()
            raise
        finally:
            going.unlink(missing_ok=True)


def outputs_of(config: DictConfig) -> Path:
    """The folder of all results."""
    return (Path(config.hydra.runtime.cwd) / str(config.outputs)).resolve()


def tasks(
    composer: Composer, config: DictConfig, jobs: Iterable[Sequence[str]], first: int
) -> Iterator[Task]:
    """Compose one job after the other; one that cannot be is refused, in its folder."""
    folder = Path(config.hydra.sweep.dir)
    launch, outputs = Path(config.hydra.runtime.cwd), outputs_of(config)
    for number, overrides in enumerate(jobs, first):
        place = Place(folder / str(number), launch, outputs, tuple(overrides), {}, folder.name)
        try:
            job = composer.job(overrides)
        except Exception as error:
            refused(place, error, tuple(composer.groups))
            continue
        yield Task(job.config, replace(place, choices=job.choices))


def refused(place: Place, error: Exception, groups: tuple[str, ...]) -> None:
    """Write down that a job cannot be composed."""
    place.folder.mkdir(parents=True, exist_ok=True)
    with logged(place.folder / LOG):
        outcome = unfinished(place, Status.REFUSED, explained(error, groups))
        log.info("REFUSED: %s", outcome.message)


def died(some: Iterable[Task], hands: Crew, pending: dict[Future[str], Task]) -> Iterator[Death]:
    """Run tasks as there is room; gives back those whose process died."""
    for task in some:
        while len(pending) >= hands.room():
            yield from ended(pending)
        pending[hands.submit(task)] = task
    while pending:
        yield from ended(pending)


def ended(pending: dict[Future[str], Task]) -> Iterator[Death]:
    """Wait until a task is over; gives back those whose process died."""
    for future in wait(pending, return_when=FIRST_COMPLETED).done:
        task, error = pending.pop(future), future.exception()
        how = future.result() if error is None else f"nobody could run it: {error}"
        if how:
            yield task, how


def set_aside(task: Task, how: str) -> bool:
    """Keep what a job left whose process died; whether there is anything still to be done."""
    outcome = found(task.place.folder)
    if outcome is not None and not outcome.code and outcome.status is not Status.RUNNING:
        return False  # it died of something after its job
    lost(task, how)
    with suppress(OSError):  # the job says so itself when it is tried again
        cleared(task.place.folder, task.place.outputs)
    return True


def lost(task: Task, how: str) -> None:
    """Write down how the process of a job died."""
    place = task.place
    begun = found(place.folder)
    if begun is None:
        begun = Outcome(Status.FAILED, str(place.folder), place.overrides, place.choices)
    try:
        place.folder.mkdir(parents=True, exist_ok=True)
        begun.ended(Status.FAILED, how).save()
        with logged(place.folder / LOG):
            log.info("FAILED: %s\n%s", how, stack_taken(place.folder))
    except OSError as error:
        written(f"FAILED: {how}; {place.folder} cannot say so: {error}\n", sys.stderr)
