"""The jobs of a sweep as those of a batch system, through submitit: Slurm's, or of this machine."""

import os
import threading
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, final

from memlab.app.task import Task
from memlab.sweep.crews import Crew, uninterrupted
from memlab.sweep.worker import isolated

PLUGIN = "hydra_plugins.hydra_submitit_launcher.submitit_launcher."
CLUSTERS = {f"{PLUGIN}LocalLauncher": "local", f"{PLUGIN}SlurmLauncher": "slurm"}
LOOK = 0.5  # s between two looks at a job


@final
@dataclass(frozen=True)
class Queued:
    """What is asked of submitit: the keys of Hydra's own launcher for it."""

    cluster: str  # local or slurm
    parameters: Mapping[str, Any]

    @property
    def threads(self) -> int:
        """CPU threads of one job."""
        return self.parameters.get("cpus_per_task") or 1

    def crew(self, *, alone: bool = False) -> Crew:
        """Whoever is asked for; ``alone`` lets one job run at a time."""
        here = max(1, len(os.sched_getaffinity(0)) // self.threads)
        return Queue(self, 1 if alone else self.parameters.get("array_parallelism", here))

    def executor(self) -> Any:
        """What submits the jobs."""
        from hydra_plugins.hydra_submitit_launcher.config import BaseQueueConf
        from submitit import AutoExecutor

        given = dict(self.parameters)
        folder, timeouts = given.pop("submitit_folder"), given.pop("max_num_timeout", None)
        known = set(BaseQueueConf.__dataclass_fields__)
        first = {} if timeouts is None else {f"{self.cluster}_max_num_timeout": timeouts}
        executor = AutoExecutor(folder=folder, cluster=self.cluster, **first)
        executor.update_parameters(
            **{key if key in known else f"{self.cluster}_{key}": x for key, x in given.items()}
        )
        return executor


@final
class Queue(Crew):
    """The jobs of a batch system, so many at once; one thread here waits for each."""

    def __init__(self, asked: Queued, count: int) -> None:
        self.count = count
        self.hand = Hand(asked.threads)
        self.executor = asked.executor()
        self.jobs: list[Any] = []
        self.over = threading.Event()
        self.threads = ThreadPoolExecutor(count, thread_name_prefix="memlab-job")

    def room(self) -> int:
        return self.count

    def submit(self, task: Task) -> Future[str]:
        with uninterrupted():
            job = self.executor.submit(self.hand, task)
        self.jobs = [one for one in self.jobs if not one.done()] + [job]
        return self.threads.submit(self._ended, job)

    def close(self) -> None:
        self.over.set()
        for job in self.jobs:
            if not job.done():
                job.cancel()
        self.threads.shutdown()

    def _ended(self, job: Any) -> str:
        """How a job's process died, once it is over."""
        while not job.done():
            if self.over.wait(LOOK):
                return "it was not waited for"
        try:
            told: str = job.result()
        except Exception as error:  # submitit's own, with pages of output; its folder has them
            first = str(error).strip().partition("\n")[0]
            return f"job {job.job_id} of the batch system left no result: {first}"
        return told


@final
@dataclass(frozen=True)
class Hand:
    """What a job of the batch system does: run the task in a child and say how that died."""

    threads: int

    def __call__(self, task: Task) -> str:
        return isolated(task, self.threads)

    def checkpoint(self, task: Task) -> Any:
        """The same again, for submitit, where the job's time was too short: it goes on."""
        from submitit.helpers import DelayedSubmission

        return DelayedSubmission(self, task)
