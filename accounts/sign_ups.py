"""What evidence may compare of the accounts in a challenge; of a mail address only a digest."""

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, select

from palio.accounts.models import MemberRow, PersonRow
from palio.accounts.tokens import digest


@dataclass(frozen=True, slots=True)
class SignUp:
    """How a member of a team came here.

    Attributes:
        mail: Digest of `normalised_mail`, empty where no address was given.

    """

    person_id: str
    team_id: str
    created_at: datetime
    mail: str


def sign_ups(session: Session, *, challenge_id: str) -> tuple[SignUp, ...]:
    """Return the members of every team of a challenge."""
    rows = session.exec(
        select(PersonRow.id, MemberRow.team_id, PersonRow.created_at, PersonRow.email)
        .join(MemberRow, col(MemberRow.person_id) == col(PersonRow.id))
        .where(MemberRow.challenge_id == challenge_id)
        .order_by(col(PersonRow.id))
    )
    return tuple(
        SignUp(person_id, team_id, created_at, _mail_digest(email))
        for person_id, team_id, created_at, email in rows
    )


def _mail_digest(email: str | None) -> str:
    mail = normalised_mail(email)
    return digest(mail) if mail else ""


def normalised_mail(mail: str | None) -> str:
    """Return the address that mail to this one reaches: without a tag, for Gmail without dots."""
    name, at, host = (mail or "").strip().lower().rpartition("@")
    if not at:
        return ""
    name = name.partition("+")[0]
    if host in ("gmail.com", "googlemail.com"):
        name, host = name.replace(".", ""), "gmail.com"
    return f"{name}@{host}"
