"""MLflow's tables, made once: going through all its migrations takes a second of a core."""

import sqlite3
import warnings
from contextlib import closing
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from tempfile import mkdtemp


@dataclass(frozen=True)
class Schema:
    """A database with MLflow's tables and nothing in them."""

    file: Path

    def spare_migrations(self):
        """Let stores that this process creates begin with these tables, as their own."""
        from mlflow.store.db import utils

        utils._initialize_tables = partial(self.copied, utils._initialize_tables)

    def copied(self, migrated, engine):
        """The tables, into a new database of SQLite; others are migrated as ever."""
        if engine.dialect.name != "sqlite":
            migrated(engine)
            return
        engine.dispose()
        with (
            closing(sqlite3.connect(self.file)) as tables,
            closing(sqlite3.connect(engine.url.database)) as database,
        ):
            tables.backup(database)


@cache
def prepared():
    """The tables as MLflow makes them."""
    from mlflow.store.db import utils
    from sqlalchemy import create_engine

    file = Path(mkdtemp(prefix="memlab_tables_"), "tables.db")
    engine = create_engine(f"sqlite:///{file}")
    with warnings.catch_warnings(action="ignore"):  # MLflow's own use of SQLAlchemy is deprecated
        utils._initialize_tables(engine)
    engine.dispose()
    return Schema(file)
