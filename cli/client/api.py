"""Every call of Palio's HTTP API as one typed method: what commands and demo speak through."""

import secrets
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

import httpx

from palio.cli.client import answers, transfer
from palio.cli.client.board_calls import BoardCalls
from palio.cli.client.errors import ApiError
from palio.cli.client.paths import given, name_of, of
from palio.cli.client.transfer import Progress, no_progress
from palio.cli.client.wire import ANSWER_SECONDS, Wire, decoded

FIRST_LOOK_SECONDS = 0.05
LONGEST_LOOK_SECONDS = 2.0
SLOWEST_DISK_BYTES = 10 * 2**20  # a second
MESSAGES_AT_ONCE = 500
ENDED = frozenset({"scored", "refused", "failed", "errored"})

Item = TypeVar("Item")


class Api(BoardCalls):
    """One server, as one person (or nobody, without a token).

    Every method raises `ApiError`. What cannot do harm twice is tried again by itself when the
    connection breaks: a submission carries one idempotency key through all its attempts.

    Args:
        server: Address of the server, with scheme.
        token: API token; empty = not signed in.
        transport: Stands in for the network in tests.
        pause: Sleeps for so many seconds.

    """

    def __init__(
        self,
        server: str,
        token: str = "",
        *,
        transport: httpx.BaseTransport | None = None,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self._wire = Wire(server, token, transport=transport, pause=pause)
        self._pause = pause

    def __enter__(self) -> Self:
        """Keep connections open until the block ends."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the connections."""
        self._wire.close()

    # Accounts and tokens

    def sign_up(
        self,
        *,
        handle: str,
        password: str,
        display_name: str = "",
        email: str = "",
        join_code: str = "",
    ) -> answers.Person:
        """Make an account."""
        return self._post(
            answers.Person,
            "/api/v1/accounts",
            given(
                handle=handle,
                password=password,
                display_name=display_name,
                email=email,
                join_code=join_code,
            ),
        )

    def make_token(
        self,
        *,
        name: str,
        handle: str = "",
        password: str = "",
        scope: str = "submit",
        days: int | None = None,
        challenge: str = "",
    ) -> answers.NewToken:
        """Make a token, by handle and password or as the person already signed in."""
        return self._post(
            answers.NewToken,
            "/api/v1/tokens",
            given(
                handle=handle,
                password=password,
                name=name,
                scope=scope,
                days=days,
                challenge=challenge,
            ),
        )

    def tokens(self) -> list[answers.Token]:
        """Return the person's tokens, never their secrets."""
        return list(self._wire.pages(answers.Token, "/api/v1/tokens"))

    def revoke_token(self, token_id: str) -> None:
        """Make a token useless at once."""
        self._wire.send("DELETE", f"/api/v1/tokens/{name_of(token_id)}")

    def me(self) -> answers.Me:
        """Return whom the token speaks for."""
        return self._wire.get(answers.Me, "/api/v1/me")

    def messages(self) -> list[answers.Message]:
        """Return what the person was told, newest first."""
        return list(self._wire.pages(answers.Message, "/api/v1/messages"))

    def mark_read(self, message_ids: Sequence[str]) -> None:
        """Mark messages as read."""
        for start in range(0, len(message_ids), MESSAGES_AT_ONCE):
            ids = list(message_ids[start : start + MESSAGES_AT_ONCE])
            self._wire.send("POST", "/api/v1/messages/read", json={"ids": ids})

    # Challenges

    def challenges(self) -> list[answers.ChallengeLine]:
        """Return every challenge the person may see."""
        return list(self._wire.pages(answers.ChallengeLine, "/api/v1/challenges"))

    def challenge(self, slug: str) -> answers.ChallengeDetail:
        """Return one challenge."""
        return self._wire.get(answers.ChallengeDetail, of(slug))

    def publish_challenge(
        self, pack: Path, *, progress: Progress = no_progress
    ) -> answers.ChallengeDetail:
        """Send a challenge folder as a zip; refused with findings when it is not sound."""
        # Not sent twice: the second would only say that the slug is taken.
        answer = self._send_file(
            "/api/v1/challenges", pack, {}, progress, kind="application/zip", patient=False
        )
        return decoded(answers.ChallengeDetail, answer)

    def export(self, slug: str, target: Path) -> None:
        """Write the organizer's export of a challenge, a zip, to `target`."""
        with self._wire.stream(of(slug, "export"), headers={}) as answer:
            transfer.write_whole(target, answer.iter_bytes())

    def rules(self, slug: str) -> answers.Rules:
        """Return the rules in force."""
        return self._wire.get(answers.Rules, of(slug, "rules"))

    def accept_rules(self, slug: str, *, sha256: str) -> None:
        """Accept the rules with this hash."""
        self._wire.send("POST", of(slug, "rules", "acceptance"), json={"sha256": sha256})

    def data(self, slug: str) -> list[answers.DataItem]:
        """Return the data files on offer."""
        return list(self._wire.pages(answers.DataItem, of(slug, "data")))

    def download(
        self, slug: str, item: answers.DataItem, target: Path, *, progress: Progress = no_progress
    ) -> bool:
        """Bring a data file to `target`, resumed and checked; False when it was there already."""
        return transfer.download(
            self._wire,
            of(slug, "data", item["path"]),
            target,
            sha256=item["sha256"],
            size=item["bytes"],
            progress=progress,
        )

    # Submissions

    def check(self, slug: str, path: Path, *, progress: Progress = no_progress) -> answers.Verdict:
        """Ask what the server would say of a prediction file. Costs no try."""
        answer = self._send_file(
            of(slug, "checks"), path, {}, progress, params={"file_name": path.name}
        )
        return decoded(answers.Verdict, answer)

    def submit(
        self,
        slug: str,
        path: Path,
        *,
        note: str = "",
        delivery: str = "predictions",
        idempotency_key: str = "",
        progress: Progress = no_progress,
    ) -> answers.Receipt:
        """Hand in predictions, code or an image; returns once the server has it safely.

        Args:
            slug: The challenge.
            path: The file; streamed from disk, never held in memory.
            note: Words for the team's own list.
            delivery: What the file is: predictions, code or image.
            idempotency_key: One per deed; made here unless the caller repeats an earlier deed.
            progress: Told of every piece sent.

        """
        answer = self._send_file(
            of(slug, "submissions"),
            path,
            {"Idempotency-Key": idempotency_key or secrets.token_urlsafe(24)},
            progress,
            params={"file_name": path.name, "note": note, **_delivery(delivery)},
        )
        return decoded(answers.Receipt, answer)

    def submission(self, submission_id: str) -> answers.Submission:
        """Return one submission and where it stands."""
        return self._wire.get(
            answers.Submission, f"/api/v1/submissions/{name_of(submission_id)}", patient=True
        )

    def wait(
        self,
        submission_id: str,
        *,
        timeout_seconds: float,
        on_look: Callable[[answers.Submission], None] = lambda _submission: None,
    ) -> answers.Submission:
        """Look at a submission until it has ended; raises `ApiError` (timed_out)."""
        ends_at = time.monotonic() + timeout_seconds
        seconds = FIRST_LOOK_SECONDS
        while True:
            submission = self.submission(submission_id)
            on_look(submission)
            if submission["state"] in ENDED:
                return submission
            left = ends_at - time.monotonic()
            if left <= 0:
                raise ApiError(
                    f"Not scored within {timeout_seconds:g} s: {submission['status']}",
                    code="timed_out",
                    hint=f"It is not lost. Look again: palio submission {submission_id}",
                )
            self._pause(min(seconds, left))
            seconds = min(seconds * 1.3, LONGEST_LOOK_SECONDS)

    def submissions(self, slug: str, *, everyone: bool = False) -> Iterator[answers.Submission]:
        """Yield the team's submissions, newest first; an organizer may ask for everyone's."""
        params: dict[str, str | int | bool] = {"all": True} if everyone else {}
        return self._wire.pages(answers.Submission, of(slug, "submissions"), params=params)

    def submission_file(
        self,
        submission: answers.Submission,
        target: Path,
        *,
        progress: Progress = no_progress,
    ) -> bool:
        """Bring back the very file that was handed in."""
        return transfer.download(
            self._wire,
            f"/api/v1/submissions/{name_of(submission['id'])}/file",
            target,
            sha256=submission["sha256"],
            size=submission["bytes"],
            progress=progress,
        )

    def receipt(self, submission_id: str) -> answers.ReceiptFile:
        """Return the signed receipts of a submission, with their proofs."""
        path = f"/api/v1/submissions/{name_of(submission_id)}/receipt"
        return self._wire.get(answers.ReceiptFile, path)

    def bundle(self, slug: str, target: Path) -> None:
        """Write what `palio verify board` checks to `target`."""
        with self._wire.stream(of(slug, "bundle"), headers={}) as answer:
            transfer.write_whole(target, answer.iter_bytes())

    def choose(self, submission_id: str, *, chosen: bool) -> None:
        """Mark a submission as one of the team's final entries, or take the mark away."""
        path = f"/api/v1/submissions/{name_of(submission_id)}/choice"
        self._wire.send("PUT", path, json={"chosen": chosen})

    def quota(self, slug: str) -> answers.Quota:
        """Return the tries left now and the ledger behind them."""
        return self._wire.get(answers.Quota, of(slug, "quota"))

    # Leaderboards and prizes

    def awards(self, slug: str) -> list[answers.Award]:
        """Return the prizes and whom they are proposed or given to."""
        return list(self._wire.pages(answers.Award, of(slug, "awards")))

    def confirm_award(self, award_id: str) -> None:
        """Make a proposed award final (organizer)."""
        self._wire.send("POST", f"/api/v1/awards/{name_of(award_id)}/confirmation")

    def decline_award(self, award_id: str) -> None:
        """Turn a proposed award down; the next in rank is offered it."""
        self._wire.send("POST", f"/api/v1/awards/{name_of(award_id)}/decline")

    # Teams

    def team(self, slug: str) -> answers.Team:
        """Return the person's team."""
        return self._wire.get(answers.Team, of(slug, "team"))

    def create_team(self, slug: str, *, name: str) -> answers.Team:
        """Found a team with the person as its captain."""
        return self._post(answers.Team, of(slug, "team"), {"name": name})

    def rename_team(self, slug: str, *, name: str) -> answers.Team:
        """Rename the person's team."""
        return decoded(
            answers.Team, self._wire.send("PATCH", of(slug, "team"), json={"name": name})
        )

    def invite(self, slug: str) -> answers.Invite:
        """Make a link that lets one person into the team."""
        return self._post(answers.Invite, of(slug, "team", "invites"), {})

    def join_team(self, code: str) -> answers.Team:
        """Accept an invitation."""
        return self._post(answers.Team, f"/api/v1/team-invites/{name_of(code)}", {})

    def leave_team(self, slug: str) -> None:
        """Leave the team; possible before its first submission."""
        self._wire.send("DELETE", of(slug, "team", "membership"))

    # How it is said on the wire

    def _post(self, kind: type[Item], path: str, document: dict[str, Any]) -> Item:
        return decoded(kind, self._wire.send("POST", path, json=document))

    def _send_file(
        self,
        where: str,
        path: Path,
        headers: dict[str, str],
        progress: Progress,
        *,
        params: dict[str, str | int | bool] | None = None,
        kind: str = "application/octet-stream",
        patient: bool = True,
    ) -> httpx.Response:
        sha256, size = transfer.digest(path), path.stat().st_size
        return self._wire.send(
            "POST",
            where,
            body=transfer.body_of(path, size, progress),
            params=params,
            headers=headers
            | {
                "Content-Type": kind,
                "Content-Length": str(size),
                "Content-Digest": transfer.digest_header(sha256),
            },
            patient=patient,
            # Before it answers, the server brings the whole file safely to its disk.
            answer_seconds=ANSWER_SECONDS + size / SLOWEST_DISK_BYTES,
        )


def _delivery(delivery: str) -> dict[str, str]:
    return {} if delivery == "predictions" else {"delivery": delivery}
