"""How Hydra hands the jobs of a sweep over; it accepts launchers nowhere else."""

import atexit
from collections.abc import Sequence
from typing import TYPE_CHECKING, final

from hydra.core.utils import JobReturn
from hydra.plugins.launcher import Launcher

if TYPE_CHECKING:
    from hydra.types import HydraContext, TaskFunction
    from omegaconf import DictConfig


@final
class Pool(Launcher):
    """Jobs in processes of their own, on this machine or a cluster: ``memlab.sweep.pool``."""

    def __init__(
        self, n_jobs: object, threads_per_job: object, backend: object, address: object
    ) -> None:
        from memlab.sweep.pool import settings  # nothing heavy where there is no sweep

        self.settings = settings(n_jobs, threads_per_job, backend, address)

    def setup(
        self, *, hydra_context: "HydraContext", task_function: "TaskFunction", config: "DictConfig"
    ) -> None:
        from memlab.sweep.pool import Pool as Jobs

        self.pool = Jobs(self.settings, hydra_context.config_loader, config)
        atexit.register(self.pool.close)
        self.pool.hired()  # a cluster that does not answer is told before anything starts

    def launch(
        self, job_overrides: Sequence[Sequence[str]], initial_job_idx: int
    ) -> Sequence[JobReturn]:
        """Run every job; how each one ended is told by its folder and not by what comes back."""
        self.pool.run(job_overrides, initial_job_idx)
        return [JobReturn(overrides=list(overrides)) for overrides in job_overrides]
