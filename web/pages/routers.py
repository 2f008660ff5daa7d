"""The pages' routers, in one list for the application."""

from fastapi import APIRouter

from palio.web.pages import (
    accounts,
    boards,
    cases,
    challenges,
    exclusions,
    host,
    log,
    mergers,
    messages,
    money,
    prizes,
    reputation,
    rescore,
    runs,
    submissions,
    teams,
)

PAGES: tuple[APIRouter, ...] = (
    accounts.router,
    challenges.router,
    boards.router,
    prizes.router,
    submissions.router,
    runs.router,
    teams.router,
    mergers.router,
    exclusions.router,
    cases.router,
    host.router,
    money.router,
    messages.router,
    reputation.router,
    log.router,
    rescore.router,
)
