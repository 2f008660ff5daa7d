"""The calls of the API about leaderboards; `Api` has them."""

from pathlib import Path
from urllib.parse import urlencode

from palio.cli.client import answers, transfer
from palio.cli.client.answers import BoardName
from palio.cli.client.paths import given, name_of, of
from palio.cli.client.wire import Wire


class BoardCalls:
    """Boards as rows, as CSV, a row explained; and answers that were opened."""

    _wire: Wire

    def leaderboard(
        self,
        slug: str,
        *,
        board: BoardName = "public",
        at: str = "",
        cursor: str = "",
        limit: int = 50,
    ) -> answers.Board:
        """Return one page of a leaderboard, now or as it was at a time."""
        params = given(board=board, at=at, cursor=cursor, limit=limit)
        return self._wire.get(answers.Board, of(slug, "leaderboard"), params=params)

    def explain(
        self, slug: str, team: str, *, board: BoardName = "public", at: str = ""
    ) -> answers.Explanation:
        """Return why a team's row stands where it does; ``own`` is the caller's."""
        path = f"{of(slug, 'leaderboard')}/rows/{name_of(team)}"
        return self._wire.get(answers.Explanation, path, params=given(board=board, at=at))

    def openings(self, slug: str) -> list[answers.Opening]:
        """Return what was opened of the answers, newest first."""
        return list(self._wire.pages(answers.Opening, of(slug, "openings")))

    def opening(self, slug: str, opening_id: str, target: Path) -> None:
        """Write opened answers to `target`."""
        path = f"{of(slug, 'openings')}/{name_of(opening_id)}/file"
        with self._wire.stream(path, headers={}) as answer:
            transfer.write_whole(target, answer.iter_bytes())

    def leaderboard_csv(
        self, slug: str, target: Path, *, board: BoardName = "public", at: str = ""
    ) -> None:
        """Write a whole leaderboard as CSV to `target`."""
        path = f"{of(slug, 'leaderboard.csv')}?{urlencode(given(board=board, at=at))}"
        with self._wire.stream(path, headers={}) as answer:
            transfer.write_whole(target, answer.iter_bytes())
