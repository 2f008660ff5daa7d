"""One site for tests: published challenges, signed-up people, and the worker's steps by hand."""

import base64
import functools
import hashlib
import io
import tempfile
import warnings
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from httpx import Response
from sqlalchemy import Engine, text
from tests.factories import databases
from tests.web.toy_pack import MODELS, predictions, write_pack

from palio.accounts import service as accounts
from palio.accounts.contracts import Role
from palio.challenges.board_contracts import BoardPlan
from palio.challenges.contracts import Delivery, OwnMetric, OwnScore
from palio.challenges.packs import read_pack
from palio.challenges.plan_json import plan_from_json, plan_to_json
from palio.challenges.prize_contracts import PrizePlan
from palio.core.clock import database_now
from palio.core.db import unit_of_work
from palio.core.settings import Settings
from palio.core.storage import LocalStorage
from palio.pipeline import board_steps, draw_steps, launch, leases, steps, sweep, tables
from palio.pipeline.contracts import Abilities, Queue
from palio.sandbox.spec import Level
from palio.web.app import make_app
from palio.web.state import WebState

with warnings.catch_warnings():
    # Its successor is the same client under another name; httpx is what our own client speaks.
    warnings.simplefilter("ignore")
    from fastapi.testclient import TestClient

PASSWORD = "wrong donkey clock paper"  # noqa: S105 (of people who do not exist)


def code_zip(text: str = "print(1)\n") -> bytes:
    """A zip as `palio model pack` makes it, near enough for the web."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("palio-model.toml", 'command = ["python", "main.py"]\n')
        archive.writestr("main.py", text)
    return file.getvalue()


def digest_header(body: bytes) -> str:
    """The Content-Digest of a body (RFC 9530)."""
    return f"sha-256=:{base64.b64encode(hashlib.sha256(body).digest()).decode()}:"


@dataclass
class Visitor:
    """One person's view of the site; without a token, a spectator's."""

    client: TestClient
    token: str = ""
    handle: str = ""
    keys: int = 0

    def call(self, method: str, path: str, **options: Any) -> Response:
        headers: dict[str, str] = dict(options.pop("headers", {}))
        if self.token:
            headers.setdefault("Authorization", f"Bearer {self.token}")
        answer: Response = self.client.request(method, path, headers=headers, **options)
        return answer

    def get(self, path: str, **options: Any) -> Response:
        return self.call("GET", path, **options)

    def post(self, path: str, **options: Any) -> Response:
        return self.call("POST", path, **options)

    def accept_rules(self, slug: str = "toy") -> None:
        sha256 = self.get(f"/api/v1/challenges/{slug}/rules").json()["sha256"]
        answer = self.post(f"/api/v1/challenges/{slug}/rules/acceptance", json={"sha256": sha256})
        assert answer.status_code == 204, answer.text

    def submit(
        self,
        body: bytes | None = None,
        *,
        slug: str = "toy",
        key: str | None = None,
        headers: Mapping[str, str] = {},
        delivery: str = "",
    ) -> Response:
        content = predictions(0.5) if body is None else body
        self.keys += 1
        sent = {
            "Idempotency-Key": key or f"{self.handle}-{self.keys}",
            "Content-Digest": digest_header(content),
            **headers,
        }
        path = f"/api/v1/challenges/{slug}/submissions?file_name=p.csv"
        path += f"&delivery={delivery}" if delivery else ""
        return self.post(path, content=content, headers=sent)


@dataclass
class Site:
    """The application and everything around it."""

    folder: Path
    settings: Settings
    app: FastAPI
    client: TestClient
    bench: steps.ScoringBench
    organizer_id: str
    people: dict[str, Visitor] = field(default_factory=dict)

    @property
    def state(self) -> WebState:
        state: WebState = self.app.state.palio
        return state

    def close(self) -> None:
        self.client.close()
        self.state.checkers.shutdown()
        self.state.engine.dispose()

    def work(self) -> Any:
        return unit_of_work(self.state.engine, send=self.state.send)

    def spectator(self) -> Visitor:
        return Visitor(self.client)

    def person(self, handle: str, *, accepts: str = "", scope: str = "organize") -> Visitor:
        """Sign up, make a token, perhaps accept a challenge's rules."""
        visitor = Visitor(self.client, handle=handle)
        made = visitor.post("/api/v1/accounts", json={"handle": handle, "password": PASSWORD})
        assert made.status_code == 201, made.text
        visitor.token = self.token(handle, scope=scope)
        if accepts:
            visitor.accept_rules(accepts)
        self.people[handle] = visitor
        return visitor

    def token(self, handle: str, *, scope: str = "organize") -> str:
        order = {"handle": handle, "password": PASSWORD, "name": "test", "scope": scope}
        made = self.client.post("/api/v1/tokens", json=order)
        assert made.status_code == 201, made.text
        token: str = made.json()["token"]
        return token

    def person_id(self, handle: str) -> str:
        me = self.people[handle].get("/api/v1/me").json()
        person_id: str = me["person"]["id"]
        return person_id

    def make_admin(self, handle: str) -> Visitor:
        """Sign up an administrator."""
        visitor = self.person(handle)
        with self.work() as session:
            accounts.set_admin(
                session,
                person_id=self.person_id(handle),
                is_admin=True,
                by="system",
                now=database_now(session),
            )
        return visitor

    def make_judge(self, handle: str, slug: str = "toy") -> Visitor:
        """Sign up a judge of a challenge."""
        visitor = self.person(handle)
        with self.work() as session:
            accounts.grant_role(
                session,
                person_id=self.person_id(handle),
                challenge_id=self.challenge_id(slug),
                role=Role.JUDGE,
                by=self.organizer_id,
                now=database_now(session),
            )
        return visitor

    def publish(self, slug: str = "toy", *, by: str = "", **options: Any) -> None:
        """Launch a challenge that opened an hour ago."""
        folder = write_pack(self.folder / "packs" / slug, slug=slug, now=self.now(), **options)
        sealed = LocalStorage(self.settings.sealed_folder)
        with self.work() as session:
            launch.publish_pack(
                session,
                pack=read_pack(folder),
                blobs=self.state.storage,
                sealed=sealed,
                hidden=LocalStorage(self.settings.hidden_folder),
                organizer_id=self.person_id(by) if by else self.organizer_id,
                now=database_now(session),
            )

    def take_models(self, slug: str = "toy", *deliveries: Delivery, **rules: Any) -> None:
        """Let a challenge take programs too, under `MODELS`."""
        models = replace(MODELS, **rules)
        self._change_plan(slug, deliveries=deliveries or tuple(Delivery), models=models)

    def declare_prizes(self, *prizes: PrizePlan) -> None:
        """Let the challenge `toy` have declared these prizes."""
        self._change_plan("toy", prizes=prizes)

    def declare_board(self, slug: str = "toy", **fields: Any) -> None:
        """Let a challenge have declared this board."""
        self._change_plan(slug, board=BoardPlan(**fields))

    def own_metric(self, slug: str = "toy") -> None:
        """Put a metric of the host's in place of the built-in ones, with the same names."""
        scores = (OwnScore("rmse", is_lower_better=True), OwnScore("mae", is_lower_better=False))
        metric = OwnMetric((), (), scores, seconds=60, memory_bytes=2**30)
        self._change_plan(slug, own_metric=metric)

    def _change_plan(self, slug: str, **fields: Any) -> None:
        where = {"id": self.challenge_id(slug)}
        with self.state.engine.begin() as connection:
            found = connection.execute(text("SELECT plan FROM challenge WHERE id = :id"), where)
            plan = replace(plan_from_json(found.scalar_one()), **fields)
            values = {"plan": plan_to_json(plan), **where}
            connection.execute(text("UPDATE challenge SET plan = :plan WHERE id = :id"), values)

    def worker_for_models(self, *, level: Level = Level.CONTAINER) -> None:
        """Let a worker say that it lives and runs programs."""
        sweep.say_alive(
            replace(self.bench, worker="models"),
            processes=1,
            queues=(Queue.MODEL,),
            abilities=Abilities(code=level, image=level, memory_bytes=8 * 2**30),
        )

    def now(self) -> datetime:
        with self.work() as session:
            return database_now(session)

    def score_all(self) -> None:
        """Work the queue off and bring every board up to date."""
        while steps.score_next(self.bench, on_lost=lambda: None):
            pass
        for challenge_id in self.challenge_ids():
            board_steps.publish(self.bench, challenge_id)

    def end(self, slug: str = "toy") -> None:
        """Let the last phase of a challenge be over, without the reveal."""
        self.sql(
            "UPDATE phase SET closes_at = :at WHERE challenge_id = :id",
            at=stored(self.now() - timedelta(seconds=1), self.settings.database),
            id=self.challenge_id(slug),
        )

    def settle(self) -> None:
        """Close, reveal and offer the prizes, as the sweep would."""
        for challenge_id in self.challenge_ids():
            draw_steps.work_out(self.bench, challenge_id)
            board_steps.settle(self.bench, challenge_id)

    def challenge_id(self, slug: str) -> str:
        with self.state.engine.connect() as connection:
            found = connection.execute(
                text("SELECT id FROM challenge WHERE slug = :s"), {"s": slug}
            )
            challenge_id: str = found.scalar_one()
            return challenge_id

    def challenge_ids(self) -> list[str]:
        with self.state.engine.connect() as connection:
            return list(connection.execute(text("SELECT id FROM challenge ORDER BY id")).scalars())

    def count(self, table: str) -> int:
        with self.state.engine.connect() as connection:
            number: int = connection.execute(text(f"SELECT count(*) FROM {table}")).scalar_one()  # noqa: S608 (a test's own words)
            return number

    def sql(self, statement: str, **values: Any) -> None:
        with self.state.engine.begin() as connection:
            connection.execute(text(statement), values)


def stored(at: datetime, database: str) -> Any:
    """A time as raw SQL takes it: SQLite keeps text."""
    if database.startswith("sqlite"):
        return at.strftime("%Y-%m-%d %H:%M:%S.%f")
    return at


def prepare(engine: Engine) -> None:
    """Make every table in an empty database that nothing is connected to."""
    if engine.dialect.name == "sqlite":
        Path(engine.url.database or "").write_bytes(databases.with_every_table())
        databases.never_wait(engine)
    else:
        tables.metadata.create_all(engine)


@functools.cache
def first_app() -> FastAPI:
    """Give an application without a site, for what is the same of all and slow to make."""
    with tempfile.TemporaryDirectory() as folder:
        app = make_app(Settings(data_folder=Path(folder), _env_file=None))
    state: WebState = app.state.palio
    state.checkers.shutdown()
    return app


def make_site(folder: Path, *, database_url: str = "", **options: Any) -> Site:
    """Build a site in an empty folder."""
    folder.mkdir(parents=True)
    values = {"rate_limits_scale": 0, "storage_reserve_share": 0, **options}
    settings = Settings(
        data_folder=folder / "data", database_url=database_url, _env_file=None, **values
    )
    app = make_app(settings)
    app.router.routes = first_app().router.routes  # what they take is worked out once
    app.openapi = first_app().openapi  # type: ignore[method-assign]  # as FastAPI's handbook says
    state: WebState = app.state.palio
    prepare(state.engine)
    bench = steps.make_bench(
        engine=state.engine,
        send=state.send,
        blobs=state.storage,
        sealed=LocalStorage(settings.sealed_folder),
        terms=leases.Terms(lease_seconds=60, attempts=3),
        worker="test",
    )
    client = TestClient(app, base_url=settings.url, raise_server_exceptions=False)
    site = Site(folder, settings, app, client, bench, organizer_id="")
    site.person("hostess")
    site.organizer_id = site.person_id("hostess")
    return site
