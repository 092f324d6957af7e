"""How Hydra hands a sweep over; it accepts sweepers nowhere else."""

from typing import TYPE_CHECKING, final

from hydra.plugins.sweeper import Sweeper

if TYPE_CHECKING:
    from hydra.types import HydraContext, TaskFunction
    from omegaconf import DictConfig


@final
class Design(Sweeper):
    """A sweep as ``conf/config.yaml`` describes it under ``sweep``: a grid or a search."""

    hydra_context: "HydraContext"
    config: "DictConfig"

    def setup(
        self, *, hydra_context: "HydraContext", task_function: "TaskFunction", config: "DictConfig"
    ) -> None:
        self.hydra_context = hydra_context
        self.task_function = task_function
        self.config = config

    def sweep(self, arguments: list[str]) -> None:
        """Run every job; leaves the process with an error code if any did not finish."""
        from memlab.sweep.conduct import conducted  # nothing heavy where there is no sweep

        conducted(self.hydra_context, self.task_function, self.config, arguments)
