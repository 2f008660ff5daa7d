"""Pure decisions about names, passwords, limits and teams: same arguments, same answer."""

import re
import unicodedata
from collections.abc import Sequence
from datetime import datetime, timedelta

from palio.accounts.errors import (
    BadEmailError,
    BadHandleError,
    BadLinkError,
    BadNameError,
    BadTermError,
    TeamFrozenError,
    TeamFullError,
    TooManyTriesError,
    WeakPasswordError,
)
from palio.accounts.words import COMMON_STEMS, RESERVED_HANDLES

HANDLE = re.compile(r"[a-z0-9][a-z0-9_-]{2,31}")
NAME_CHARS = 60
_JOINERS = "\u200c\u200d"  # shape letters of some scripts and emoji; ignored when names compare
_EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s]{1,253}")
EMAIL_CHARS = 254  # RFC 5321 §4.5.3.1.3

PASSWORD_CHARS = 1024
_LEET = str.maketrans("01345$@7", "oieassat")
_SHORT_PERIOD = 5  # 1984 1984 1984
_FEW_CHARS = 3
_RUNS = ("0123456789", "abcdefghijklmnopqrstuvwxyz", "qwertyuiopasdfghjklzxcvbnm")

TRIES_WINDOW = timedelta(minutes=15)
# Wrong passwords in the window: for one handle from one address, for one handle from anywhere,
# from one address. A class room shares one address; one guesser must not lock a person out
# everywhere.
TRIES_BY_BOTH = 10
TRIES_BY_HANDLE = 50
TRIES_BY_ADDRESS = 200


def clean_handle(text: str) -> str:
    """Return the handle in lower case.

    Raises:
        BadHandleError: Its form is not allowed, or it is reserved.

    """
    handle = text.strip().lower()
    if not HANDLE.fullmatch(handle):
        raise BadHandleError(
            "A handle has 3 to 32 characters: letters a-z, digits, - and _, the first one a "
            "letter or digit."
        )
    if handle in RESERVED_HANDLES:
        raise BadHandleError(f"The handle {handle!r} is kept for the platform; choose another.")
    return handle


def clean_name(text: str, *, what: str) -> str:
    """Return a name as it is shown: NFC, one space between words, 1 to 60 characters.

    Args:
        text: As typed.
        what: What it names, for the words of the error, e.g. ``team name``.

    Raises:
        BadNameError: Empty, too long, or with control, override or unassigned characters.

    """
    spaced = "".join(" " if unicodedata.category(c) == "Zs" else c for c in text)
    name = unicodedata.normalize("NFC", " ".join(spaced.strip(" ").split(" ")))
    name = re.sub(" +", " ", name)
    if any(unicodedata.category(c) in _UNSHOWABLE and c not in _JOINERS for c in name):
        raise BadNameError(
            f"The {what} has characters that cannot be shown, such as line breaks or marks that "
            "turn the direction of text. Remove them."
        )
    if not name_key(name):
        raise BadNameError(f"The {what} is empty.")
    if len(name) > NAME_CHARS:
        raise BadNameError(f"The {what} has {len(name)} characters; {NAME_CHARS} are allowed.")
    return name


_UNSHOWABLE = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


def name_key(name: str) -> str:
    """Return what two names share that differ in case, width and invisible characters only.

    NFKC and full case folding (Unicode Standard §3.13, D147); joiners left out.
    """
    shown = "".join(c for c in name if unicodedata.category(c) != "Cf")
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", shown).casefold())
    return " ".join(folded.split())


def clean_email(text: str | None) -> str | None:
    """Return the address, None for an empty one.

    Raises:
        BadEmailError: It has not the form of an address.

    """
    email = (text or "").strip()
    if not email:
        return None
    is_bad = any(unicodedata.category(c) in _UNSHOWABLE for c in email)
    if is_bad or len(email) > EMAIL_CHARS or not _EMAIL.fullmatch(email):
        raise BadEmailError("The e-mail address must look like name@example.org; or leave it out.")
    return email


def check_new_password(text: str, *, handle: str, min_chars: int) -> None:
    """Refuse passwords that are guessed first. No rule asks for kinds of characters.

    Raises:
        WeakPasswordError: Too short, too long, the handle, a common word or a simple pattern.

    """
    if len(text) < min_chars:
        raise WeakPasswordError(
            f"The password has {len(text)} characters; at least {min_chars} are needed. "
            "Three or four words in a row are good and easy to type."
        )
    if len(text) > PASSWORD_CHARS:
        raise WeakPasswordError(f"The password is longer than {PASSWORD_CHARS} characters.")
    if is_guessable(text, handle=handle):
        raise WeakPasswordError(
            "This password is among the first that are guessed: your handle, a common word or a "
            "simple pattern. Three or four words that have nothing to do with each other are good."
        )


def is_guessable(text: str, *, handle: str) -> bool:
    """Say whether a password is a common word, the handle or a run, decorated or repeated."""
    plain = text.casefold()
    words = COMMON_STEMS | {handle.casefold()}
    bare = re.sub(r"^[\W\d_]+|[\W\d_]+$", "", plain)
    for form in {plain, bare.translate(_LEET)}:
        stem = re.sub(r"[\W\d_]+", "", form)
        if _period(stem) in words or _period(form) in words:
            return True
    short = _period(plain)
    return len(short) <= _SHORT_PERIOD or len(set(short)) <= _FEW_CHARS or _is_run(short)


def _period(text: str) -> str:
    """Return the shortest text that repeated gives this one."""
    again = (text + text).find(text, 1)
    return text[:again] if again > 0 else text


def _is_run(text: str) -> bool:
    endless = [run * (len(text) // len(run) + 2) for run in _RUNS]
    return any(text in run or text in run[::-1] for run in endless)


def check_tries(times: Sequence[datetime], *, limit: int, now: datetime) -> None:
    """Refuse a password when `limit` wrong ones lie in the window before now.

    Args:
        times: When the latest tries were made, newest first, `limit` of them at most.
        limit: How many are too many.
        now: The database's time.

    Raises:
        TooManyTriesError: With the seconds to wait.

    """
    if len(times) < limit:
        return
    wait = times[limit - 1] + TRIES_WINDOW - now
    if wait > timedelta(0):
        raise TooManyTriesError(retry_after_seconds=int(wait.total_seconds()) + 1)


def check_link(*, expires_at: datetime, uses_left: int, now: datetime) -> None:
    """Refuse a link that is expired or used up.

    Raises:
        BadLinkError: Ask for a new one.

    """
    if now >= expires_at:
        raise BadLinkError("This link has expired. Ask for a new one.")
    if uses_left < 1:
        raise BadLinkError("This link has been used as often as it may be. Ask for a new one.")


def check_term(value: int, *, what: str, maximum: int) -> None:
    """Refuse a number of days or uses outside 1..maximum.

    Raises:
        BadTermError: Names the range.

    """
    if not 1 <= value <= maximum:
        raise BadTermError(f"{what} must be between 1 and {maximum}; it is {value}.")


def check_may_join(
    *, members: int, max_members: int, merge_deadline: datetime | None, now: datetime
) -> None:
    """Refuse to let one more person into a team.

    Raises:
        TeamFrozenError: The merge deadline is over.
        TeamFullError: The team is as large as the challenge allows.

    """
    check_teams_change(merge_deadline=merge_deadline, now=now)
    if members >= max_members:
        raise TeamFullError(f"The team is full: {max_members} members are allowed.")


def check_teams_change(*, merge_deadline: datetime | None, now: datetime) -> None:
    """Refuse every change of a team's members from the merge deadline on; None = there is none.

    Raises:
        TeamFrozenError: It is over.

    """
    if merge_deadline is not None and now >= merge_deadline:
        raise TeamFrozenError(
            f"Teams could change until {merge_deadline:%Y-%m-%d %H:%M} UTC; that is over."
        )


def check_may_leave(*, first_submission_at: datetime | None) -> None:
    """Refuse to let a person out of a team that has submitted.

    Raises:
        TeamFrozenError: It has.

    """
    if first_submission_at is not None:
        raise TeamFrozenError(
            "Your team has submitted, so nobody leaves it any more: its tries and scores belong "
            "to all its members."
        )


def next_captain(members: Sequence[tuple[datetime, str]]) -> str | None:
    """Return the id of the longest member, the smaller id where two joined at once.

    Args:
        members: (joined_at, person id) of those who stay.

    """
    return min(members)[1] if members else None
