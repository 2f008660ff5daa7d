"""A launched challenge of some kind at some stage, made once and copied for every story."""

import shutil
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

from sqlalchemy import Engine, event, make_url, text
from sqlmodel import Session
from tests.factories.arena import LIMITS, Arena, make_arena
from tests.factories.set_clock import SetClock, clock_set_by_test
from tests.flows.any_order import rules_of_challenges as kinds
from tests.flows.any_order.files import by_name

from palio.accounts import queries as accounts
from palio.accounts import service as account_service
from palio.accounts.contracts import Person, Team
from palio.challenges.contracts import Challenge
from palio.challenges.packs import read_pack
from palio.core import db
from palio.core.errors import AppError
from palio.core.storage import LocalStorage
from palio.escrow import service as escrow
from palio.escrow.contracts import Evidence
from palio.pipeline import (
    board_steps,
    launch,
    number_steps,
    prize_steps,
    rescore_steps,
    steps,
    tables,
)
from palio.submissions.contracts import Receipt

OPENS = datetime(2030, 3, 4, 12, tzinfo=UTC)
PEOPLE = ("ada", "bob", "cyd", "dot")
PAPER = "a" * 64
NUMBERS = count()


@dataclass
class Site:
    """One database with one challenge, a clock, a host, and teams of one."""

    arena: Arena
    clock: SetClock
    host: str = ""
    teams: list[str] = field(default_factory=list)

    @property
    def engine(self) -> Engine:
        return self.arena.engine

    @property
    def challenge(self) -> Challenge:
        return self.arena.challenge

    @property
    def challenge_id(self) -> str:
        return self.arena.challenge_id

    @property
    def now(self) -> datetime:
        return self.clock.now

    def work(self) -> AbstractContextManager[Session]:
        return self.arena.bench.work()

    def reading(self) -> AbstractContextManager[Session]:
        return db.reading(self.engine)

    def wait(self, **time: float) -> None:
        self.clock.set(self.clock.now + timedelta(**time))

    def team(self, number: int) -> Team:
        """The team that the n-th team of the beginning is in now."""
        with self.reading() as session:
            id_ = accounts.current_team_id(session, self.teams[number % len(self.teams)])
            return accounts.team(session, id_)

    def submit(self, team: Team, content: bytes, *, key: str) -> Receipt:
        with self.arena.bench.blobs.writer(limit_bytes=10**6) as writer:
            writer.write(content)
            blob = writer.keep()
        with self.work() as session:
            return launch.accept_submission(
                session,
                challenge=self.challenge,
                team_id=team.id,
                person_id=team.captain_id,
                blob=blob,
                file_name="p.csv",
                note="",
                idempotency_key=key,
                limits=LIMITS,
            )

    def score(self, at_most: int = 1000) -> None:
        """Do what workers do, as far as told."""
        for _ in range(at_most):
            if not steps.score_next(self.arena.bench, on_lost=lambda: None):
                break

    def sweep(self) -> None:
        """Do what the sweep does about boards, prizes and rescore sets."""
        bench = self.arena.bench
        rescore_steps.top_up(bench)
        board_steps.settle(bench, self.challenge_id)
        number_steps.tell_due(bench)
        board_steps.publish(bench, self.challenge_id, at_once=True)
        prize_steps.look_after(bench)

    def deposit(self, minor: int, currency: str, *, key: str) -> None:
        with self.work() as session:
            escrow.deposit(
                session,
                key=key,
                challenge_id=self.challenge_id,
                minor=minor,
                currency=currency,
                evidence=Evidence(sha256=PAPER),
                by=self.host,
                now=self.now,
            )

    def person(self, handle: str) -> Person:
        with self.work() as session:
            return account_service.sign_up(
                session,
                handle=handle,
                display_name=handle.title(),
                email=None,
                password_hash="-",  # noqa: S106 (nobody signs in)
                now=self.now,
            )

    def launch(self, kind: kinds.Kind) -> None:
        """Publish the challenge, with a team for each person, and let it open."""
        self.clock.set(OPENS - timedelta(hours=1))
        self.host = self.person("hostess").id
        folder = kinds.write_pack(self.arena.folder / "pack", kind, opens_at=OPENS)
        with self.work() as session:
            self.arena.challenge_id = launch.publish_pack(
                session,
                pack=read_pack(folder),
                blobs=self.arena.bench.blobs,
                sealed=self.arena.sealed,
                hidden=LocalStorage(self.arena.folder / "hidden"),
                organizer_id=self.host,
                now=self.now,
            ).id
        for handle in PEOPLE:
            person = self.person(handle)
            with self.work() as session:
                team = account_service.solo_team(
                    session, challenge_id=self.challenge_id, person=person, now=self.now
                )
            self.teams.append(team.id)
        for number, (minor, currency) in enumerate(kind.deposits):
            self.deposit(minor, currency, key=f"before the launch {number}")
        self.clock.set(OPENS)
        self.sweep()
        self.score()

    def play(self) -> None:
        """Let three teams enter: one reaches every line, two are equal on the private part."""
        for number, name in enumerate(("even", "equal", "best")):
            self.wait(hours=1)
            self.submit(self.team(number), by_name(name), key="first")
        self.score()
        self.sweep()

    def end(self) -> None:
        """Let the last phase be over, and everything follow from it."""
        with suppress(AppError):
            self.clock.set(max(self.now, self.challenge.phases[-1].closes_at))
        self.score()
        self.sweep()


class Stages:
    """Sites at each stage, made once; `copy` gives one that a story may spoil.

    Args:
        folder: Keeps files and, for SQLite, databases.
        postgres: Address of a server; None = SQLite.

    """

    def __init__(self, folder: Path, *, postgres: str | None) -> None:
        self._folder = folder
        self._postgres = postgres
        self._made: dict[tuple[str, str], Site] = {}

    @property
    def is_sqlite(self) -> bool:
        return self._postgres is None

    def make(self, *wanted: kinds.Kind) -> None:
        """Launch a challenge of each kind and bring it through its stages."""
        with self._at(self._database("empty"), self._folder) as empty:
            tables.metadata.create_all(empty.engine)
        for kind in wanted:
            folder = self._folder / kind.name
            folder.mkdir()
            address = self._database(f"{kind.name}_open", like=empty.engine)
            with self._at(address, folder) as site:
                site.launch(kind)
            self._made[kind.name, "open"] = site
            for before, after, go_on in (
                ("open", "played", Site.play),
                ("played", "over", Site.end),
            ):
                with self.copy(kind, before, name=f"{kind.name}_{after}", is_kept=True) as site:
                    go_on(site)
                self._made[kind.name, after] = site

    @contextmanager
    def copy(
        self, kind: kinds.Kind, stage: str, *, name: str = "", is_kept: bool = False
    ) -> Iterator[Site]:
        """A site of this kind at ``"open"``, ``"played"`` or ``"over"``, gone afterwards."""
        first = self._made[kind.name, stage]
        name = name or f"{kind.name}_{next(NUMBERS)}"
        address = self._database(name, like=first.engine)
        with ExitStack() as stack:
            if not is_kept:
                stack.callback(self._drop, name)
            site = stack.enter_context(self._at(address, first.arena.folder))
            site.clock.set(first.clock.now)
            site.arena.challenge_id, site.host = first.challenge_id, first.host
            site.teams = first.teams
            yield site

    @contextmanager
    def _at(self, address: str, folder: Path) -> Iterator[Site]:
        engine = db.open_engine(address)
        if engine.dialect.name == "sqlite":
            event.listen(engine, "connect", _do_not_wait_for_the_disk)
        with clock_set_by_test(engine) as clock:
            yield Site(make_arena(engine, folder), clock)
        engine.dispose()

    def _database(self, name: str, *, like: Engine | None = None) -> str:
        """Make a database, empty or as a copy, and return its address."""
        if self._postgres is None:
            path = self._folder / f"{name}.sqlite3"
            if like is not None:
                shutil.copyfile(str(like.url.database), path)
            return f"sqlite:///{path}"
        template = "" if like is None else f' TEMPLATE "{like.url.database}"'
        self._command(f'DROP DATABASE IF EXISTS "order_{name}"')
        self._command(f'CREATE DATABASE "order_{name}"{template}')
        url = make_url(self._postgres).set(database=f"order_{name}")
        return url.render_as_string(hide_password=False)

    def _drop(self, name: str) -> None:
        if self._postgres is None:
            for path in self._folder.glob(f"{name}.sqlite3*"):
                path.unlink()
        else:
            self._command(f'DROP DATABASE "order_{name}"')

    def _command(self, words: str) -> None:
        assert self._postgres is not None
        engine = db.open_engine(self._postgres)
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text(words))
        engine.dispose()


def _do_not_wait_for_the_disk(connection: object, _record: object) -> None:
    connection.execute("PRAGMA synchronous=OFF")  # type: ignore[attr-defined]  # DB-API object
