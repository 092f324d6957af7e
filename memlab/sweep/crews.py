"""Who runs the jobs of a sweep: processes of this machine, or those of a Dask or Ray cluster.

Wherever a task goes, it runs in a child process of whoever it was handed to (memlab.sweep.worker).
"""

import logging
import os
import queue
import signal
import socket
import threading
from abc import ABC, abstractmethod
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from typing import Any, Literal, TypeAlias, final

from memlab.app.schema import Refused
from memlab.app.signals import heed_termination
from memlab.app.task import Task
from memlab.sweep.worker import Worker, isolated

PATIENCE = 4.0  # s until a cluster that does not answer is given up
DASK, RAY = "Dask scheduler", "Ray cluster"
EXAMPLES = {DASK: "tcp://127.0.0.1:8786", RAY: "127.0.0.1:6379"}
Backend: TypeAlias = Literal["loky", "dask", "ray"]


class Crew(ABC):
    """Runs tasks; each gives back how its process died, or nothing."""

    @abstractmethod
    def room(self) -> int:
        """How many tasks it can run at once, now."""

    @abstractmethod
    def submit(self, task: Task) -> Future[str]:
        """Start a task."""

    @abstractmethod
    def close(self) -> None:
        """Send everybody home; what is still running is killed."""


@final
class Local(Crew):
    """Processes of this machine, one thread here for each."""

    def __init__(self, count: int, threads: int) -> None:
        self.workers = [Worker(threads) for _ in range(count)]
        self.idle: queue.SimpleQueue[Worker] = queue.SimpleQueue()
        for worker in self.workers:
            self.idle.put(worker)
        self.threads = ThreadPoolExecutor(count, thread_name_prefix="memlab-worker")

    def room(self) -> int:
        return len(self.workers)

    def submit(self, task: Task) -> Future[str]:
        return self.threads.submit(self._run, task)

    def close(self) -> None:
        for worker in self.workers:
            worker.close()
        self.threads.shutdown()

    def _run(self, task: Task) -> str:
        worker = self.idle.get()
        try:
            return worker.run(task)
        finally:
            self.idle.put(worker)


@final
class Dask(Crew):
    """The workers of a Dask cluster: an existing one, or one of this machine."""

    def __init__(self, count: int | None, threads: int, address: str | None) -> None:
        try:
            import dask
            from distributed import Client, LocalCluster
        except ModuleNotFoundError as error:
            raise absent("dask") from error
        logging.getLogger("distributed").setLevel(logging.CRITICAL)
        dask.config.set({"distributed.comm.timeouts.connect": f"{PATIENCE}s"})
        self.count, self.threads = count, threads
        self.cluster: Any = None
        if address is not None:
            answering(DASK, address)
        else:
            with uninterrupted():
                self.cluster = LocalCluster(
                    n_workers=count,
                    threads_per_worker=1,
                    dashboard_address=None,
                    memory_limit=0,  # Dask would hold back the jobs of a full worker, silently
                    silence_logs=logging.CRITICAL,
                )
        try:
            self.client: Any = Client(self.cluster or address, timeout=PATIENCE)
        except Exception as error:  # something else may answer there, with anything
            raise unreachable(DASK, address, error) from error
        self.executor = self.client.get_executor(pure=False)

    def room(self) -> int:
        here = int(sum(self.client.nthreads().values()))
        return max(1, here if self.count is None else min(here, self.count))

    def submit(self, task: Task) -> Future[str]:
        started: Future[str] = self.executor.submit(isolated, task, self.threads)
        return started

    def close(self) -> None:
        with suppress(Exception):  # whatever it has to say, the jobs are over
            self.client.close(timeout=PATIENCE)
            if self.cluster is not None:
                self.cluster.close(timeout=PATIENCE)


@final
class Ray(Crew):
    """The workers of a Ray cluster: an existing one, or one of this machine."""

    def __init__(self, count: int | None, threads: int, address: str | None) -> None:
        os.environ |= {"RAY_USAGE_STATS_ENABLED": "0", "RAY_DEDUP_LOGS": "0"}
        os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")  # no warning of it
        os.environ.setdefault("RAY_NUM_REDIS_GET_RETRIES", str(round(PATIENCE)))  # one per second
        try:
            import ray
        except ModuleNotFoundError as error:
            raise absent("ray") from error
        self.ray: Any = ray
        self.count, self.threads = count, threads
        if address is not None:
            answering(RAY, address)
        try:
            self.ray.init(
                address=address or "local",
                num_cpus=None if address or count is None else count * threads,
                include_dashboard=None if address else False,
                log_to_driver=False,
                logging_level=logging.CRITICAL,
            )
        except Exception as error:  # something else may answer there, with anything
            raise unreachable(RAY, address, error) from error
        heed_termination()  # Ray has its own idea of it
        self.run = self.ray.remote(isolated).options(num_cpus=threads, max_retries=0)

    def room(self) -> int:
        here = int(self.ray.cluster_resources().get("CPU", 1) // self.threads)
        return max(1, here if self.count is None else min(here, self.count))

    def submit(self, task: Task) -> Future[str]:
        started: Future[str] = self.run.remote(task, self.threads).future()
        return started

    def close(self) -> None:
        self.ray.shutdown()


def crew(backend: Backend, count: int | None, threads: int, address: str | None) -> Crew:
    """Whoever is asked for; ``count`` None stands for as many as there is room for."""
    cores = len(os.sched_getaffinity(0))
    here = count if count is not None else max(1, cores // threads)
    match backend:
        case "loky":
            return Local(here, threads)
        case "dask":
            return Dask(count if address else here, threads, address)
        case "ray":
            return Ray(count if address else here, threads, address)


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Processes that are started within the block leave Ctrl-C to this one."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def answering(what: str, address: str) -> None:
    """Raise Refused unless something listens at ``host:port``: the libraries keep trying."""
    if address == "auto":
        return
    host, _, port = address.rpartition("//")[2].rpartition(":")
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=PATIENCE).close()
    except (OSError, ValueError) as error:
        raise unreachable(what, address, error) from error


def absent(extra: str) -> Refused:
    """That a library is not installed, and how it comes."""
    return Refused(
        f"hydra.launcher.backend={extra} needs a library that is not installed; "
        f'pip install "memlab[{extra}]" brings it'
    )


def unreachable(what: str, address: str | None, error: Exception) -> Refused:
    """That nobody answers at an address."""
    if address is None:
        return Refused(f"a {what} could not be started on this machine: {error}")
    return Refused(
        f"hydra.launcher.address must be that of a running {what} (such as {EXAMPLES[what]}), but "
        f"{address} does not answer: {error}"
    )
