"""A Postgres server of its own, where one is installed: nothing of it outlives the block."""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PLACES = ("/usr/lib/postgresql/*/bin", "/usr/local/pgsql/bin")
ACCOUNT = "postgres"  # the server refuses to run as root
SECRET = "s3cret-word"


def found(tool: str) -> str | None:
    """The path of one of Postgres' tools, None where it is not installed."""
    places = [str(path) for place in PLACES for path in Path("/").glob(place[1:])]
    return shutil.which(tool) or shutil.which(tool, path=os.pathsep.join(places))


def usable() -> bool:
    """Whether a server can be started here, and by this user."""
    tools = all(found(tool) for tool in ("initdb", "pg_ctl"))
    return tools and (os.geteuid() != 0 or ACCOUNT in {one.pw_name for one in pwd.getpwall()})


@contextmanager
def postgres() -> Iterator[str]:
    """The address of an empty database that asks for a password, on a server just started."""
    folder = Path(tempfile.mkdtemp(prefix="memlab-postgres-"))
    (folder / "secret").write_text(SECRET)
    if os.geteuid() == 0:
        shutil.chown(folder, ACCOUNT)
        shutil.chown(folder / "secret", ACCOUNT)
    port = free_port()
    try:
        as_user(folder, "initdb", "-N", "-U", "memlab", "-A", "scram-sha-256", "--pwfile=secret")
        listen = f"-p {port} -c listen_addresses=127.0.0.1 -k {folder} -c fsync=off"
        as_user(folder, "pg_ctl", "-w", "-l", str(folder / "log"), "-o", listen, "start")
        try:
            yield f"postgresql://memlab:{SECRET}@127.0.0.1:{port}/postgres"
        finally:
            as_user(folder, "pg_ctl", "-w", "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder)


def as_user(folder: Path, tool: str, *words: str) -> None:
    """Run one of Postgres' tools on the data of a folder, never as root."""
    become = ["setpriv", f"--reuid={ACCOUNT}", f"--regid={ACCOUNT}", "--init-groups"]
    command = [str(found(tool)), "-D", str(folder / "data"), *words]
    subprocess.run(
        [*(become if os.geteuid() == 0 else []), *command],
        cwd=folder,
        check=True,
        stdout=subprocess.DEVNULL,
    )


def free_port() -> int:
    """A port of this machine that nobody listens at."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])
