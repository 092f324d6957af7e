"""Addresses of stores: what can be one, and how it is shown without its password."""

import re
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import urlsplit

SQLITE = "sqlite:///"
HTTP = ("http", "https")
PORTS = {"postgresql": 5432, "mysql": 3306, "mssql": 1433}
DRIVERS = {"postgresql": "psycopg"}  # what SQLAlchemy takes where the address names none
SECRET = re.compile(r"""(://[^:/@\s"'<>]*:)[^@\s"'<>]+(?=@)|([?&]password=)[^&\s"'<>]+""")
SCHEMES = (*HTTP, "sqlite", *PORTS, "databricks")


def located(uri: str, launch: Path) -> str:
    """An MLflow address with a relative SQLite path made absolute."""
    if not uri.startswith(SQLITE) or uri.startswith(f"{SQLITE}/"):
        return uri
    return f"{SQLITE}{(launch / uri.removeprefix(SQLITE)).resolve()}"


def shown(text: str) -> str:
    """An address, or a text with addresses in it, without their passwords."""
    return SECRET.sub(r"\1\2***", text)


def secluded(folder: Path, text: str) -> None:
    """Close a folder to other users if a text that lies in it quotes an address with a password."""
    if SECRET.search(text):
        folder.chmod(0o700)


def check(uri: str) -> None:
    """Raise ValueError for what cannot be the address of a store."""
    scheme = urlsplit(uri).scheme.partition("+")[0]
    nowhere = scheme == "sqlite" and not uri.partition(":///")[2].strip("/")
    if "://" not in uri or scheme not in SCHEMES or nowhere:
        raise ValueError(
            "uri must be a database (sqlite:///outputs/mlflow.db, postgresql://user@host/name) or "
            f"a server (http://localhost:5000), got {shown(uri)!r}"
        )
    try:
        _ = urlsplit(uri).port
    except ValueError:  # its message would show a part of the password
        raise ValueError(
            "uri must have a number as its port, and / ? # @ : of a password written as %2F %3F "
            f"%23 %40 %3A, got {shown(uri)!r}"
        ) from None


def driven(uri: str) -> None:
    """Raise OSError if the package is missing by which Postgres is talked to."""
    dialect, _, driver = urlsplit(uri).scheme.partition("+")
    if dialect in DRIVERS and find_spec(driver or DRIVERS[dialect]) is None:
        raise OSError(
            f"the store {shown(uri)} needs the package {driver or DRIVERS[dialect]}: "
            'pip install "memlab[postgres]"'
        )
