"""How Hydra hands the jobs of a sweep over; it accepts launchers nowhere else."""

import atexit
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, final

from hydra.core.utils import JobReturn
from hydra.plugins.launcher import Launcher

if TYPE_CHECKING:
    from hydra.types import HydraContext, TaskFunction
    from omegaconf import DictConfig

    from memlab.sweep.batch import Queued
    from memlab.sweep.pool import Settings


class Crewed(Launcher):
    """Jobs in processes of their own, which a crew runs: ``memlab.sweep.pool``."""

    @abstractmethod
    def asked(self) -> "Settings | Queued":
        """Whose processes."""

    def setup(
        self, *, hydra_context: "HydraContext", task_function: "TaskFunction", config: "DictConfig"
    ) -> None:
        from memlab.sweep.pool import Pool as Jobs

        self.pool = Jobs(self.asked(), hydra_context.config_loader, config)
        atexit.register(self.pool.close)
        self.pool.hired()  # a cluster that does not answer is told before anything starts

    def launch(
        self, job_overrides: Sequence[Sequence[str]], initial_job_idx: int
    ) -> Sequence[JobReturn]:
        """Run every job; how each one ended is told by its folder and not by what comes back."""
        self.pool.run(job_overrides, initial_job_idx)
        return [JobReturn(overrides=list(overrides)) for overrides in job_overrides]


@final
class Pool(Crewed):
    """This machine, or an existing cluster."""

    def __init__(
        self, n_jobs: object, threads_per_job: object, backend: object, address: object
    ) -> None:
        from memlab.sweep.pool import settings  # nothing heavy where there is no sweep

        self.settings = settings(n_jobs, threads_per_job, backend, address)

    def asked(self) -> "Settings | Queued":
        return self.settings


@final
class Batch(Crewed):
    """A batch system, through submitit."""

    def __init__(self, cluster: str, asked: Mapping[str, object]) -> None:
        from memlab.sweep.batch import Queued

        self.queued = Queued(cluster, dict(asked))

    def asked(self) -> "Settings | Queued":
        return self.queued
