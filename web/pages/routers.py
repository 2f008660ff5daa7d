"""The pages' routers, in one list for the application."""

from fastapi import APIRouter

from palio.web.pages import accounts, boards, challenges, host, messages, runs, submissions, teams

PAGES: tuple[APIRouter, ...] = (
    accounts.router,
    challenges.router,
    boards.router,
    submissions.router,
    runs.router,
    teams.router,
    host.router,
    messages.router,
)
