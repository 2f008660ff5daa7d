"""Before the reveal nothing depends on private answers: two sites, byte for byte (I-23)."""

import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from palio.datasets.seal import open_key
from palio.pipeline import steps
from tests.web.site import Site, Visitor, make_site, predictions

# Clocks of the two sites differ; nothing else may.
PATHS = (
    "/",
    "/challenges/toy",
    "/challenges/toy/data",
    "/challenges/toy/rules",
    "/challenges/toy/board",
    "/challenges/toy/board?board=private",
    "/challenges/toy/submissions",
    "/challenges/toy/team",
    "/challenges/toy/host",
    "/api/v1/me",
    "/api/v1/tokens",
    "/api/v1/challenges",
    "/api/v1/challenges/toy",
    "/api/v1/challenges/toy/rules",
    "/api/v1/challenges/toy/data",
    "/api/v1/challenges/toy/data/train.csv",
    "/api/v1/challenges/toy/submissions",
    "/api/v1/challenges/toy/submissions?all=true",
    "/api/v1/challenges/toy/quota",
    "/api/v1/challenges/toy/team",
    "/api/v1/challenges/toy/leaderboard",
    "/api/v1/challenges/toy/leaderboard?board=private",
    "/api/v1/challenges/toy/leaderboard.csv",
    "/api/v1/challenges/toy/leaderboard.csv?board=private",
    "/api/v1/challenges/toy/awards",
    "/api/v1/challenges/toy/host",
    "/api/v1/challenges/toy/export",
    "/healthz",
)
"""Every GET of participants and spectators; submissions' own paths are added below."""
