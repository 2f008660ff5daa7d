"""The server on this machine, for commands that work on it directly: settings, database, queue."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from alembic.runtime.migration import MigrationContext
from pydantic import ValidationError
from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session

from palio.cli.client import show
from palio.cli.client.errors import ClientError
from palio.core import db, queue
from palio.core.settings import Settings
from palio.migrations import upgrade
from palio.pipeline import app, tables


class SettingsError(ClientError):
    """The server's settings cannot be used."""


@dataclass(frozen=True, slots=True)
class Here:
    """What a command needs of the server on this machine."""

    settings: Settings
    engine: Engine
    send: Callable[[queue.Message], None]

    def work(self) -> AbstractContextManager[Session]:
        """Open one unit of work."""
        return db.unit_of_work(self.engine, send=self.send)

    def reading(self) -> AbstractContextManager[Session]:
        """Look without changing anything."""
        return db.reading(self.engine)


def load(data: Path | None, **given: Any) -> Settings:  # noqa: ANN401 (fields of Settings)
    """Return the settings, with what the command line says above the environment.

    Raises:
        SettingsError: One of them cannot be used, in words.

    """
    if data is not None:
        given["data_folder"] = data
    try:
        return Settings(**{name: value for name, value in given.items() if value is not None})
    except ValidationError as error:
        faults = [
            f"{'PALIO_' + str(fault['loc'][0]).upper() + ': ' if fault['loc'] else ''}"
            f"{fault['msg'].removeprefix('Value error, ')}"
            for fault in error.errors()
        ]
        raise SettingsError(
            f"The server's settings cannot be used: {'; '.join(faults)}.",
            hint="Settings come from PALIO_… variables and the file palio.env in this folder.",
        ) from error


def make_folder(settings: Settings) -> None:
    """Make the data folder, closed to other people of the machine: it holds sealed answers."""
    settings.data_folder.mkdir(mode=0o700, parents=True, exist_ok=True)


@contextmanager
def here(data: Path | None) -> Iterator[Here]:
    """Open the server on this machine; an empty database is made ready first.

    Raises:
        ClientError: The database cannot be reached, or has another version's schema.

    """
    settings = load(data)
    make_folder(settings)
    engine = db.open_engine(settings.database)
    try:
        _check_schema(engine)
        show.line(f"On the server in {settings.data_folder.absolute()}.", dim=True)
        yield Here(settings, engine, app.make_sender(app.make_app(settings)))
    except DBAPIError as error:
        raise ClientError(
            f"The database does not work: {error.orig}.", hint="Look closer with: palio doctor"
        ) from error
    finally:
        engine.dispose()


def _check_schema(engine: Engine) -> None:
    before = revision(engine)
    if before is None:
        upgrade.upgrade(engine, metadata=tables.metadata)
    elif before != upgrade.newest():
        raise ClientError(
            "The database has the schema of another version of Palio.",
            hint="Bring it up to date with: palio migrate",
        )


def revision(engine: Engine) -> str | None:
    """Return the schema's revision; None = empty database."""
    with engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()
