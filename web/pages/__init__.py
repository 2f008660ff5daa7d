"""The pages, rendered on the server; no script is needed."""

from fastapi import APIRouter

PAGES: tuple[APIRouter, ...] = ()
