"""The pages' routers, in one list for the application."""

from fastapi import APIRouter

from palio.web.pages import accounts, boards, challenges, host, submissions, teams

PAGES: tuple[APIRouter, ...] = (
    accounts.router,
    challenges.router,
    boards.router,
    submissions.router,
    teams.router,
    host.router,
)
