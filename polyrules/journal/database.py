"""The database behind a journal: opened, checked and spoken to.

SQLite in WAL mode unless the URL says otherwise: readers never wait for the writer. It
is here that a wrong place is told from a damaged one, before anything is written.
"""

import re
import sqlite3
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, inspect, select
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError

from polyrules.errors import JournalError
from polyrules.journal.failures import explain
from polyrules.journal.rows import Row
from polyrules.journal.tables import CHAIN, META, METADATA, SCHEMA_VERSION

PASSWORD = re.compile(r":[^:@/]*@")
BUSY_SECONDS = 5.0  # how long to wait for another writer's transaction


class Database:
    """An open database that holds a journal's tables.

    Attributes:
        name: Where it is, without any password.
    """

    def __init__(self, url: str, *, create: bool, busy_seconds: float) -> None:
        """Open it, and make the tables if there are none.

        Raises:
            JournalError: It cannot be used; says why, and what to do.
        """
        parsed = _parse(url)
        self.name = parsed.database or parsed.render_as_string(hide_password=True)
        self._path = _sqlite_path(parsed)
        if parsed.get_backend_name() == "sqlite":
            _check_place(self._path, self.name, create=create)
        self.engine = _engine(parsed, self.name, busy_seconds)
        try:
            with self.engine.connect() as connection:
                _prepare(connection, self.name, create=create)
        except SQLAlchemyError as error:
            self.engine.dispose()
            raise explain(error, self.name) from error
        except JournalError:
            self.engine.dispose()
            raise
        self._inode = self._path.stat().st_ino if self._path else 0

    @property
    def is_sqlite(self) -> bool:
        """True where pragmas are understood."""
        return self.engine.dialect.name == "sqlite"

    def check_present(self) -> None:
        """Refuse to write into a file that nobody can find any more.

        Raises:
            JournalError: The file was removed or replaced since it was opened.
        """
        if self._path is None:
            return
        try:
            inode = self._path.stat().st_ino
        except OSError:
            inode = -1
        if inode != self._inode:
            raise JournalError(
                f"journal {self.name}: the file was removed or replaced during the run",
                hint="start again; what was in the file before is in the removed one",
            )


class Inserts:
    """Prepared statements: the rows of a Batch go in without further thought."""

    def __init__(self, engine: Engine) -> None:
        self._statements: dict[str, tuple[str, list[str] | None]] = {}
        for name, table in METADATA.tables.items():
            compiled = table.insert().compile(dialect=engine.dialect)
            columns = None if compiled.positional else list(table.columns.keys())
            self._statements[name] = (str(compiled), columns)

    def write(self, connection: Connection, rows: dict[str, list[Row]]) -> None:
        """Insert rows, by table; they become durable with the transaction."""
        for table, values in rows.items():
            statement, columns = self._statements[table]
            given: Any = values
            if columns is not None:
                given = [dict(zip(columns, row, strict=True)) for row in values]
            connection.exec_driver_sql(statement, given)


def _parse(url: str) -> URL:
    try:
        return make_url(url)
    except ArgumentError as error:
        shown = PASSWORD.sub(":***@", url)
        path = shown if shown and "://" not in shown else "polyrules.db"
        raise JournalError(
            f'journal "{shown}": that is not the URL of a database',
            hint=f"write it like sqlite:///{path}",
        ) from error


def _sqlite_path(url: URL) -> Path | None:
    name = url.database
    if url.get_backend_name() != "sqlite" or name is None or name.startswith("file:"):
        return None
    return Path(name)


def _check_place(path: Path | None, name: str, *, create: bool) -> None:
    if path is None:
        if name.startswith("file:"):
            return
        raise _in_memory()
    if name == ":memory:":
        raise _in_memory()
    if path.is_dir():
        raise JournalError(
            f"journal {name}: it is a directory", hint="name a file inside it"
        )
    if not path.parent.is_dir():
        raise JournalError(
            f"journal {name}: there is no directory {path.parent}",
            hint=f"mkdir -p {path.parent}",
        )
    if not create and not path.exists():
        raise JournalError(
            f"journal {name}: there is none yet",
            hint="polyrules run writes one; or name another with --journal",
        )


def _in_memory() -> JournalError:
    return JournalError(
        "a journal in memory remembers nothing",
        hint="name a file: sqlite:///polyrules.db",
    )


def _engine(url: URL, name: str, busy_seconds: float) -> Engine:
    waits = {"timeout": busy_seconds} if url.get_backend_name() == "sqlite" else {}
    try:
        engine = create_engine(url, connect_args=waits)
    except (ImportError, NoSuchModuleError, ArgumentError) as error:
        raise JournalError(
            f"journal {name}: no driver for {url.drivername}: {error}",
            hint="pip install the driver, or use sqlite:///polyrules.db",
        ) from error
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _use_wal)
    return engine


def _use_wal(connection: sqlite3.Connection, _: object) -> None:
    (mode,) = connection.execute("PRAGMA journal_mode").fetchone()
    if mode != "wal":
        connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=NORMAL")


def _prepare(connection: Connection, name: str, *, create: bool) -> None:
    sqlite = connection.engine.dialect.name == "sqlite"
    if create and sqlite and META.name not in inspect(connection).get_table_names():
        # the driver begins no transaction for tables; this one also waits for a
        # second run that makes them at the same moment
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    tables = inspect(connection).get_table_names()
    if META.name in tables:
        _check_version(connection, name)
        return
    if CHAIN.name in tables and METADATA.tables.keys() >= set(tables):
        raise _torn(name)
    if tables and sqlite:
        raise JournalError(
            f"journal {name}: this database belongs to something else "
            f"(it holds {', '.join(sorted(tables)[:3])})",
            hint="name another file",
        )
    if not create:
        raise JournalError(f"journal {name}: it holds no runs")
    METADATA.create_all(connection)
    version = {"key": "schema_version", "value": str(SCHEMA_VERSION)}
    connection.execute(META.insert(), version)
    connection.commit()


def _torn(name: str) -> JournalError:
    return JournalError(
        f"journal {name}: the making of its tables was cut short, it holds no runs",
        hint="move that file away; the next run makes a new one",
    )


def _check_version(connection: Connection, name: str) -> None:
    wanted = select(META.c.value).where(META.c.key == "schema_version")
    found = connection.execute(wanted).scalar_one_or_none()
    if found is None:
        raise _torn(name)
    if found != str(SCHEMA_VERSION):
        raise JournalError(
            f"journal {name}: its tables have version {found}, "
            f"this polyrules writes {SCHEMA_VERSION}",
            hint="use the polyrules that wrote it, or name another journal",
        )
