"""The web process: settings in, one ASGI application out."""

from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path

from fastapi import APIRouter, FastAPI
from fastapi.routing import APIRoute
from fastapi.staticfiles import StaticFiles

from palio.accounts.passwords import Passwords
from palio.core.checkpoints import load_or_make_key
from palio.core.db import open_engine
from palio.core.settings import Settings
from palio.core.storage import LocalStorage
from palio.pipeline.app import make_app as make_celery
from palio.pipeline.app import make_sender
from palio.web import problems
from palio.web.api import (
    accounts,
    award_code,
    award_steps,
    awards,
    board_history,
    bundle,
    cases,
    challenges,
    checks,
    data,
    evidence,
    exclusions,
    export,
    finals,
    health,
    host,
    intake,
    leaderboard,
    log,
    mergers,
    messages,
    money,
    openings,
    publishing,
    receipts,
    reputation,
    rescore,
    submissions,
    teams,
    tokens,
)
from palio.web.boards import BoardCache
from palio.web.buckets import Limiter
from palio.web.credentials import Notes
from palio.web.guard import Guard
from palio.web.packs import SealedDoor
from palio.web.pages.routers import PAGES
from palio.web.proof import secret_key
from palio.web.rowids import RowIdsCache
from palio.web.state import WebState

_ROUTERS: tuple[APIRouter, ...] = (
    accounts.router,
    tokens.router,
    messages.router,
    rescore.router,
    challenges.router,
    publishing.router,
    data.router,
    intake.router,
    submissions.router,
    checks.router,
    leaderboard.router,
    board_history.router,
    teams.router,
    mergers.router,
    exclusions.router,
    finals.router,
    awards.router,
    award_steps.router,
    award_code.router,
    money.router,
    host.router,
    evidence.router,
    cases.router,
    export.router,
    receipts.router,
    log.router,
    bundle.router,
    openings.router,
    reputation.router,
    health.router,
)
_DESCRIPTION = (
    "Palio hosts prediction challenges. Errors are problem documents (RFC 9457) with a stable "
    "`code`. Times are UTC; scores are decimal strings; lists are paged by `next_cursor`. "
    "Sign in with `Authorization: Bearer <token>`."
)


def make_app(settings: Settings) -> FastAPI:
    """Build the web application; nothing is connected to before the first request."""
    state = make_state(settings)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        yield
        state.checkers.shutdown(cancel_futures=True)
        state.engine.dispose()

    app = FastAPI(
        title="Palio",
        version="1",
        description=_DESCRIPTION,
        openapi_url="/api/v1/openapi.json",
        docs_url=None,  # its scripts come from elsewhere, which our CSP refuses
        redoc_url=None,
        redirect_slashes=False,
        generate_unique_id_function=_operation_id,
        lifespan=lifespan,
    )
    app.state.palio = state
    app.state.palio_notes = Notes()
    for router in _ROUTERS:
        app.include_router(router)
    for router in PAGES:
        app.include_router(router, include_in_schema=False)
    app.mount("/static", StaticFiles(directory=Path(__file__).with_name("static")))
    problems.install(app)
    app.add_middleware(Guard, state=state)
    return app


def make_state(settings: Settings) -> WebState:
    """Make the process's collaborators."""
    settings.data_folder.mkdir(parents=True, exist_ok=True)
    storage = LocalStorage(settings.blobs_folder, reserve=settings.storage_reserve)
    return WebState(
        settings=settings,
        engine=open_engine(settings.database),
        storage=storage,
        sealed_door=SealedDoor(settings.sealed_folder),
        hidden_door=SealedDoor(settings.hidden_folder),
        passwords=Passwords(threads=settings.password_hash_threads),
        send=make_sender(make_celery(settings)),
        key=secret_key(settings),
        signer=load_or_make_key(settings.signing_key, name=settings.log_name),
        limiter=Limiter(scale=settings.rate_limits_scale),
        boards=BoardCache(),
        row_ids=RowIdsCache(storage),
        checkers=ThreadPoolExecutor(max_workers=2, thread_name_prefix="palio-check"),
    )


def _operation_id(route: APIRoute) -> str:
    # Stable while the function keeps its name; generated clients are named after it.
    return route.name
