"""The calls of the HTTP API that only a challenge's hosts make."""

import uuid
from collections.abc import Mapping
from urllib.parse import quote

from palio.cli.client import answers
from palio.cli.client.api import Api
from palio.cli.client.wire import decoded


class HostApi(Api):
    """One server, as an organizer; every method raises `ApiError`."""

    def overview(self, slug: str) -> answers.HostOverview:
        """Return how a challenge is doing: counts, queue, workers, alarms."""
        return self._wire.get(answers.HostOverview, _of(slug, "host"))

    def extend_phase(
        self, slug: str, *, phase: str, closes_at: str, reason: str
    ) -> answers.ChallengeDetail:
        """Move the close of a phase to a later time, ISO 8601 with its zone."""
        answer = self._wire.send(
            "POST",
            _of(slug, "phases", phase, "extension"),
            json={"closes_at": closes_at, "reason": reason},
        )
        return decoded(answers.ChallengeDetail, answer)

    def make_join_link(self, slug: str, *, role: str, uses: int, days: int) -> answers.Invite:
        """Make a link by which people sign up or, with a role, become organizer or judge."""
        order = {"role": role or None, "uses": uses, "days": days}
        return decoded(answers.Invite, self._wire.send("POST", _of(slug, "join-links"), json=order))

    def grant_tries(self, slug: str, *, team: str, tries: int, reason: str) -> None:
        """Give a team, named by id or name, more tries."""
        order = {"tries": tries, "reason": reason}
        self._wire.send("POST", _of(slug, "teams", team, "grants"), json=order)

    def clear_alarm(self, slug: str, alarm_id: str) -> None:
        """Note that an alarm of the challenge was looked at."""
        self._wire.send("POST", _of(slug, "alarms", alarm_id, "clearance"))

    def archive(self, slug: str) -> None:
        """Put a finished challenge away."""
        self._wire.send("POST", _of(slug, "archive"))

    def funding(self, slug: str) -> answers.Funding:
        """Return how the prizes of a challenge are funded."""
        return self._wire.get(answers.Funding, _of(slug, "funding"))

    def ledger(self, slug: str) -> answers.Ledger:
        """Return every transaction of a challenge's prize money."""
        return self._wire.get(answers.Ledger, _of(slug, "ledger"))

    def move_money(
        self, slug: str, what: str, order: Mapping[str, str], *, key: str
    ) -> answers.Transaction:
        """Record a deed on prize money: `what` is pledges, deposits …; once for each key."""
        headers = {"Idempotency-Key": key or uuid.uuid4().hex}
        answer = self._wire.send(
            "POST", _of(slug, "ledger", what), json=dict(order), headers=headers, patient=True
        )
        return decoded(answers.Transaction, answer)


def _of(slug: str, *rest: str) -> str:
    return "/".join(("/api/v1/challenges", *(quote(part, safe="") for part in (slug, *rest))))
