"""A caller at a challenge: what he is there, and the one question whether he may do something."""

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from palio.accounts import access
from palio.accounts import queries as accounts
from palio.accounts.access import Action
from palio.accounts.contracts import Caller, Role, Team
from palio.challenges import queries as challenges
from palio.challenges.contracts import Challenge, ChallengeState
from palio.challenges.errors import ChallengeNotFoundError
from palio.core.clock import database_now
from palio.core.errors import NotFoundError
from palio.web.errors import RulesNotAcceptedError


@dataclass(frozen=True, slots=True)
class Visit:
    """One request at one challenge.

    Attributes:
        roles: What the caller is on this challenge beside a participant.
        now: The database's time.

    """

    caller: Caller | None
    challenge: Challenge
    roles: frozenset[Role]
    now: datetime

    def may(self, action: Action, *, team: Team | None = None) -> bool:
        """Say whether the caller may do it here, to this team's things."""
        return access.may(
            self.caller,
            action,
            challenge_id=self.challenge.id,
            roles=self.roles,
            is_own=_is_member(self.caller, team),
            is_captain=_is_captain(self.caller, team),
            is_published=self.challenge.state is not ChallengeState.DRAFT,
            is_revealed=self.challenge.revealed_at is not None,
        )

    def require(
        self, action: Action, *, team: Team | None = None, missing: NotFoundError | None = None
    ) -> None:
        """Let the caller do it, or raise.

        Args:
            action: What is asked for.
            team: Whose thing it is about.
            missing: Said instead of the general words when the thing is to seem not to exist.

        Raises:
            NotFoundError, NotSignedInError, NotAllowedError: See `access.check`.

        """
        try:
            access.check(
                self.caller,
                action,
                challenge_id=self.challenge.id,
                roles=self.roles,
                is_own=_is_member(self.caller, team),
                is_captain=_is_captain(self.caller, team),
                is_published=self.challenge.state is not ChallengeState.DRAFT,
                is_revealed=self.challenge.revealed_at is not None,
            )
        except NotFoundError as error:
            raise missing or error from None

    def has_accepted(self, session: Session) -> bool:
        """Say whether the caller accepted the rules in force."""
        return self.caller is not None and challenges.has_accepted(
            session, challenge_id=self.challenge.id, person_id=self.caller.person.id
        )

    def require_rules(self, session: Session) -> None:
        """Raise `RulesNotAcceptedError` unless the caller accepted the rules in force."""
        if not self.has_accepted(session):
            raise RulesNotAcceptedError(
                "Accept the rules first: on the challenge's page under Rules, or with "
                f"palio rules {self.challenge.slug} --accept"
            )

    def require_participant(self, session: Session) -> None:
        """Let the caller take part, or raise; the rules must be accepted."""
        self.require(Action.SUBMIT)
        self.require_rules(session)

    def team(self, session: Session) -> Team | None:
        """Return the caller's team here."""
        if self.caller is None:
            return None
        return accounts.team_of(
            session, challenge_id=self.challenge.id, person_id=self.caller.person.id
        )


def enter(session: Session, slug: str, caller: Caller | None) -> Visit:
    """Begin a visit; a draft is there for its hosts alone.

    Raises:
        ChallengeNotFoundError: There is no such challenge, or it is not for this caller.

    """
    return _begin(session, challenges.by_slug(session, slug), caller)


def enter_by_id(session: Session, challenge_id: str, caller: Caller | None) -> Visit:
    """Begin a visit at the challenge something belongs to; raises as `enter`."""
    return _begin(session, challenges.by_id(session, challenge_id), caller)


def _begin(session: Session, challenge: Challenge, caller: Caller | None) -> Visit:
    visit = Visit(
        caller=caller,
        challenge=challenge,
        roles=_roles(session, challenge, caller),
        now=database_now(session),
    )
    # The same words as for a slug nobody has.
    missing = ChallengeNotFoundError(f"There is no challenge called {challenge.slug!r}.")
    visit.require(Action.READ_CHALLENGE, missing=missing)
    return visit


def _roles(session: Session, challenge: Challenge, caller: Caller | None) -> frozenset[Role]:
    if caller is None:
        return frozenset()
    roles = accounts.roles(session, person_id=caller.person.id, challenge_id=challenge.id)
    is_founder = challenge.organizer_id == caller.person.id
    return roles | {Role.ORGANIZER} if is_founder else roles


def _is_member(caller: Caller | None, team: Team | None) -> bool:
    if caller is None or team is None:
        return False
    return any(member.person_id == caller.person.id for member in team.members)


def _is_captain(caller: Caller | None, team: Team | None) -> bool:
    return caller is not None and team is not None and team.captain_id == caller.person.id
