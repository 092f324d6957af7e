"""A store of runs: whether it answers, and a client of it, with its tables created once.

MLflow is imported only once there is something to say to a store: that takes two seconds.
"""

import logging
import os
import socket
import sqlite3
import tempfile
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from hashlib import sha256
from http.client import HTTPException
from pathlib import Path
from typing import TYPE_CHECKING, final
from urllib.error import HTTPError, URLError
from urllib.parse import quote, urlsplit
from urllib.request import urlopen

from memlab.record.address import HTTP, PORTS, SQLITE, driven, shown
from memlab.record.files import locked
from memlab.record.journal import Target

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from sqlalchemy import Connection

ANSWER = 5.0  # s a store has for the first sign of life
ADVISORY = 0x6D656D6C6162  # of the lock under which a Postgres store is created
GONE = "gone"  # is when a store was born that is no longer there
FAILING = 500  # the first HTTP status that means the server itself is in trouble
QUIET = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
}
PACE = {
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "5",  # s; a run must be able to end
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0",  # we try again ourselves, and know what was sent
    "MLFLOW_SQLALCHEMYSTORE_POOL_SIZE": "32",
    "PGCONNECT_TIMEOUT": "5",
}


@final
@dataclass(frozen=True)
class Store:
    """A store that has answered in this process."""

    client: "MlflowClient"
    experiment: str  # its id
    file: tuple[int, int] | None  # device and inode of an SQLite file


_stores: dict[Target, Store] = {}
_connecting = threading.Lock()


def reach(uri: str) -> None:
    """Raise OSError with the address and the reason if a store gives no sign of life."""
    driven(uri)
    try:
        _knock(uri)
    except (OSError, HTTPException) as error:
        wrong = "cannot be opened" if uri.startswith(SQLITE) else "does not answer"
        cure = "name another" if uri.startswith(SQLITE) else "start it"
        raise OSError(
            f"the store {shown(uri)} {wrong} ({why(error)}); {cure}, or track nothing: "
            "tracking=none"
        ) from error


def why(error: BaseException) -> str:
    """What went wrong at the bottom of an exception, in one line."""
    while (cause := error.__cause__ or error.__context__) is not None:
        error = cause
    if isinstance(error, URLError):
        error = error.reason if isinstance(error.reason, BaseException) else error
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    told = str(error).strip().partition("\n")[0]
    return shown(f"{type(error).__name__}: {told}").rstrip(": ")


def connected(target: Target) -> Store:
    """A store's client and the id of the experiment, created where there is none."""
    with _connecting:
        store = _stores.get(target)
        if store is None:
            store = _stores[target] = _opened(target)
    if store.file != _file(target.uri):
        raise OSError(
            f"{target.uri.removeprefix(SQLITE)} is gone or was replaced while this process ran"
        )
    return store


def open_store(target: Target) -> None:
    """Make first contact, so that everything is there before many come; OSError if it fails."""
    try:
        connected(target)
    except (OSError, ValueError):
        raise
    except Exception as error:  # of MLflow or whatever lies below it
        raise OSError(
            f"the store {shown(target.uri)} cannot be used ({why(error)}); mend it, or track "
            "nothing: tracking=none"
        ) from error


def born(uri: str) -> str:
    """When an SQLite store was made, which tells it from a later one in its place.

    A store that was moved or copied keeps it. Empty where it cannot be said.
    """
    if not uri.startswith(SQLITE):
        return ""
    if not Path(uri.removeprefix(SQLITE)).exists():
        return GONE
    file = quote(uri.removeprefix(SQLITE))
    try:
        with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as database:
            (first,) = database.execute("SELECT MIN(creation_time) FROM experiments").fetchone()
    except sqlite3.Error:
        return ""
    return str(first)


def forget(target: Target) -> None:
    """Ask a store again what it is, next time."""
    _stores.pop(target, None)


def cold(uri: str) -> bool:
    """Whether an SQLite store has no tables yet; other stores are asked when they are opened."""
    if not uri.startswith(SQLITE):
        return False
    file = Path(uri.removeprefix(SQLITE))
    return not file.exists() or not file.stat().st_size or not _versioned(file)


def _knock(uri: str) -> None:
    parts = urlsplit(uri)
    dialect = parts.scheme.partition("+")[0]
    if parts.scheme in HTTP:
        try:
            urlopen(f"{uri.rstrip('/')}/health", timeout=ANSWER).close()
        except HTTPError as answer:
            if answer.code >= FAILING:
                raise OSError(f"it says {answer.code} {answer.reason}") from None
    elif dialect == "sqlite":
        _writable(Path(uri.removeprefix(SQLITE)))
    elif parts.hostname is not None and dialect in PORTS:
        address = (parts.hostname, parts.port or PORTS[dialect])
        socket.create_connection(address, timeout=ANSWER).close()


def _writable(file: Path) -> None:
    """Raise OSError unless an SQLite file can be written, or made; makes its folder."""
    file.parent.mkdir(parents=True, exist_ok=True)
    for path in (file, file.parent):
        if path.exists() and not os.access(path, os.W_OK):
            raise PermissionError(f"{path} must be writable, and is not")
    if file.is_dir():
        raise IsADirectoryError(f"{file} must be a file, and is a folder")


def _versioned(file: Path) -> bool:
    """Whether a database has MLflow's tables; ValueError if it has others, which are kept."""
    try:
        with closing(sqlite3.connect(f"file:{quote(str(file))}?mode=rw", uri=True)) as database:
            tables = {name for (name,) in database.execute("SELECT name FROM sqlite_master")}
    except sqlite3.OperationalError as error:
        raise OSError(f"{file} cannot be opened: {error}") from error
    except sqlite3.DatabaseError as error:
        raise ValueError(f"{file} must be an SQLite database, but {error}") from error
    if tables and "experiments" not in tables:
        raise ValueError(
            f"{file} must be a store of MLflow or not be there; it is the database of something "
            f"else, with the tables {', '.join(sorted(tables)[:5])}"
        )
    return bool(tables)


def _create(file: Path) -> None:
    """Create an SQLite store beside its place and move it there whole: once, whoever asks."""
    from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

    with locked(file.with_suffix(".lock"), waiting=lambda: None):
        if not cold(f"{SQLITE}{file}"):
            return
        fresh = file.with_name(f".{file.name}.new")
        fresh.unlink(missing_ok=True)  # somebody was killed here
        SqlAlchemyStore(f"{SQLITE}{fresh}", str(file.parent / "mlruns")).engine.dispose()
        with closing(sqlite3.connect(fresh)) as database:
            database.execute("PRAGMA journal_mode=WAL")  # readers do not wait for writers
        fresh.replace(file)


def _opened(target: Target) -> Store:
    reach(target.uri)
    os.environ.update(QUIET)
    for name, value in PACE.items():
        os.environ.setdefault(name, value)
    try:
        from mlflow import MlflowClient

        _hush()
        if cold(target.uri):
            _create(Path(target.uri.removeprefix(SQLITE)))
        with _alone(target.uri):
            client = MlflowClient(target.uri)
            return Store(client, _experiment(client, target), _file(target.uri))
    except ModuleNotFoundError as error:
        raise ValueError(
            f"{shown(target.uri)} needs a package: pip install {error.name}"
        ) from error


def _experiment(client: "MlflowClient", target: Target) -> str:
    """The id of an experiment, created where there is none, also while others create it."""
    from mlflow import MlflowException

    known = client.get_experiment_by_name(target.experiment)
    if known is None:
        try:
            return str(client.create_experiment(target.experiment, target.artifacts or None))
        except MlflowException as error:
            known = client.get_experiment_by_name(target.experiment)
            if known is None:
                raise error from None
    return str(known.experiment_id)


@contextmanager
def _alone(uri: str) -> Iterator[None]:
    """Let no two processes create the tables of one database; one that is away is told at once."""
    if urlsplit(uri).scheme.partition("+")[0] not in PORTS:
        yield
        return
    from sqlalchemy import create_engine
    from sqlalchemy.pool import NullPool

    name = f"memlab_{os.getuid()}_{sha256(uri.encode()).hexdigest()[:16]}.lock"
    with (
        locked(Path(tempfile.gettempdir(), name), waiting=lambda: None),
        create_engine(uri, poolclass=NullPool).connect() as connection,
        _advised(connection),
    ):
        yield


@contextmanager
def _advised(connection: "Connection") -> Iterator[None]:
    """Hold a lock inside the database itself, for other machines, where it has such locks."""
    from sqlalchemy import text

    if connection.dialect.name != "postgresql":
        yield
        return
    connection.execute(text(f"SELECT pg_advisory_lock({ADVISORY})"))
    connection.commit()
    yield  # the lock goes with the connection


def _hush() -> None:
    """No lines on the terminal from below: what goes wrong is raised and told by us."""
    for noisy in ("alembic", "mlflow"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    logging.getLogger("mlflow.store.db.utils").setLevel(logging.CRITICAL)


def _file(uri: str) -> tuple[int, int] | None:
    """What tells an SQLite file from another of the same name."""
    if not uri.startswith(SQLITE):
        return None
    try:
        found = Path(uri.removeprefix(SQLITE)).stat()
    except FileNotFoundError:
        return (0, 0)
    return (found.st_dev, found.st_ino)
