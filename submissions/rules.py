"""Pure decisions about tries, choices and names; every count and time is an argument."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from palio.accounts.contracts import Team
from palio.challenges.contracts import (
    Challenge,
    ChallengePlan,
    ChallengeState,
    Delivery,
    EntryRule,
    Phase,
    Quota,
    QuotaWindow,
)
from palio.challenges.rules import closes_at, in_words
from palio.core.errors import (
    AppError,
    BadRequestError,
    ConflictError,
    NotAllowedError,
    NotFoundError,
)
from palio.submissions.contracts import SubmissionKind, SubmissionState, UploadLimits
from palio.submissions.states import ENDED

NOTE_MAX_CHARS = 500
FILE_NAME_MAX_CHARS = 200
KEY_MAX_CHARS = 200


class SubmissionNotFoundError(NotFoundError):
    """No such submission, or not this team's."""

    code = "submission_not_found"


class TeamNotInChallengeError(NotFoundError):
    """The team belongs to another challenge."""

    code = "team_not_in_challenge"


class NotInTeamError(NotAllowedError):
    """Somebody submits for a team of other people."""

    code = "not_in_team"


class IdempotencyKeyReusedError(ConflictError):
    """The key already stands for another file."""

    code = "idempotency_key_reused"


class BadIdempotencyKeyError(BadRequestError):
    """The key is missing or unusable."""

    code = "bad_idempotency_key"


class BadNoteError(BadRequestError):
    """The note is too long, or cannot be stored."""

    code = "bad_note"


class QuotaUsedUpError(AppError):
    """No try is left.

    Attributes:
        next_try_at: When the next one is possible; None = not in this phase.

    """

    code = "quota_used_up"
    status = 429

    def __init__(self, detail: str, *, next_try_at: datetime | None) -> None:
        super().__init__(detail)
        self.next_try_at = next_try_at


class TooManyRefusedFilesError(QuotaUsedUpError):
    """Refused files cost no try, but their number a day is limited."""

    code = "too_many_refused_files"


class BadGrantError(BadRequestError):
    """A grant needs a positive number of tries and a reason."""

    code = "bad_grant"


class ChoiceNotUsedError(ConflictError):
    """In this challenge nothing is chosen."""

    code = "choice_not_used"


class ChoiceClosedError(ConflictError):
    """The last phase is over."""

    code = "choice_closed"


class TooManyChosenError(ConflictError):
    """The team has chosen as many as it may."""

    code = "too_many_chosen"


class NotChoosableError(ConflictError):
    """The submission ended without a score."""

    code = "not_choosable"


class DeliveryNotTakenError(BadRequestError):
    """The challenge takes other things."""

    code = "delivery_not_taken"


class ModelTooLargeError(AppError):
    """The image or the zip with code is larger than the challenge or the server takes."""

    code = "model_too_large"
    status = 413


class BaselineExistsError(ConflictError):
    """The label already stands for another file."""

    code = "baseline_exists"


@dataclass(frozen=True, slots=True)
class QuotaUse:
    """Sums of a team's ledger lines in one phase: this day's, and all."""

    today: int
    total: int


def remaining(quota: Quota, *, use: QuotaUse) -> int | None:
    """Return how many tries are possible right now, None = no limit."""
    left = [
        limit - used
        for limit, used in ((quota.per_day, use.today), (quota.total, use.total))
        if limit is not None
    ]
    return max(0, min(left)) if left else None


def next_try_at(phase: Phase, *, use: QuotaUse, window: QuotaWindow) -> datetime | None:
    """Return when a try becomes possible again: None when one is possible now, or never."""
    quota = phase.quota
    if remaining(quota, use=use) != 0:
        return None
    is_total_used_up = quota.total is not None and use.total >= quota.total
    if is_total_used_up or quota.per_day == 0 or window.next_day_at >= phase.closes_at:
        return None
    return window.next_day_at


def check_quota(phase: Phase, *, use: QuotaUse, window: QuotaWindow) -> None:
    """Let one more try through.

    Raises:
        QuotaUsedUpError: With the time of the next try in words.

    """
    quota = phase.quota
    if remaining(quota, use=use) != 0:
        return
    again = next_try_at(phase, use=use, window=window)
    if quota.total is not None and use.total >= quota.total:
        used = f"Your team has used all {quota.total} tries of the phase {phase.name}."
    else:
        used = f"Your team has used its {quota.per_day} tries of {window.day} ({quota.zone})."
    raise QuotaUsedUpError(f"{used} {_when(again, zone=quota.zone)}", next_try_at=again)


def check_refused_files(count: int, *, limit: int, window: QuotaWindow, zone: str) -> None:
    """Stop a team whose files are refused again and again.

    Raises:
        TooManyRefusedFilesError: `limit` files were refused today.

    """
    if count >= limit:
        raise TooManyRefusedFilesError(
            f"{count} files of your team were refused or broke the metric on {window.day},"
            " more than we read in a day."
            " Use `palio check` until the file is sound:"
            f" it costs nothing. {_when(window.next_day_at, zone=zone)}",
            next_try_at=window.next_day_at,
        )


def _when(at: datetime | None, *, zone: str) -> str:
    if at is None:
        return "No further try is possible in this phase."
    local = at.astimezone(ZoneInfo(zone))
    there = "" if zone == "UTC" else f" ({local:%Y-%m-%d %H:%M} in {zone})"
    return f"The next try is possible from {in_words(at)}{there}."


def check_choice(challenge: Challenge, *, now: datetime) -> None:
    """Let a team change its choice of final submissions.

    Raises:
        ChoiceNotUsedError: The challenge counts entries another way.
        ChoiceClosedError: The last phase is over.

    """
    if challenge.plan.entry_rule is not EntryRule.CHOSEN:
        raise ChoiceNotUsedError(
            "In this challenge nothing is chosen: the entry is counted by the rule"
            f" {challenge.plan.entry_rule.value}."
        )
    ended_at = closes_at(challenge)
    is_running = challenge.state in (ChallengeState.SCHEDULED, ChallengeState.OPEN)
    if now >= ended_at or not is_running:
        raise ChoiceClosedError(
            f"The choice of final submissions ended on {in_words(ended_at)}."
            f" It is now {in_words(now)}."
        )


def check_choosable(state: SubmissionState, *, chosen: int, finals: int) -> None:
    """Let one more submission be chosen.

    Raises:
        NotChoosableError: It ended without a score.
        TooManyChosenError: `finals` are chosen already.

    """
    if state in ENDED and state is not SubmissionState.SCORED:
        raise NotChoosableError(f"This submission is {state.value}: only scored ones can count.")
    if chosen >= finals:
        raise TooManyChosenError(
            f"Your team has chosen {chosen} of {finals} submissions. Take one back first."
        )


def check_member(team: Team, *, person_id: str) -> None:
    """Let somebody submit for a team.

    Raises:
        NotInTeamError: They do not belong to it.

    """
    if person_id not in {member.person_id for member in team.members}:
        raise NotInTeamError(f"You are not in the team {team.name}.")


def check_key(key: str) -> None:
    """Accept an idempotency key of 1 to 200 visible ASCII characters.

    Raises:
        BadIdempotencyKeyError: It is something else.

    """
    if not 0 < len(key) <= KEY_MAX_CHARS or not all("!" <= char <= "~" for char in key):
        raise BadIdempotencyKeyError(
            "Send an Idempotency-Key header of 1 to 200 visible ASCII characters, a new one for"
            " each submission and the same one when you repeat a request."
        )


WORDS_OF_DELIVERY: Final = {
    Delivery.PREDICTIONS: "prediction files",
    Delivery.CODE: "code",
    Delivery.IMAGE: "container images",
}


def upload_max_bytes(plan: ChallengePlan, delivery: Delivery, *, limits: UploadLimits) -> int:
    """Return how large a file of this kind may be: by the challenge and by the installation.

    Raises:
        DeliveryNotTakenError: The challenge takes no such thing.

    """
    check_delivery(plan, delivery)
    if delivery is Delivery.PREDICTIONS:
        return min(plan.form.max_bytes, limits.file_max_bytes)
    if plan.models is None:  # `check_delivery` let it through, the plan contradicts itself
        return 0
    own = plan.models.code_max_bytes if delivery is Delivery.CODE else plan.models.image_max_bytes
    return min(own, limits.model_max_bytes)


def check_delivery(plan: ChallengePlan, delivery: Delivery) -> None:
    """Let through what the challenge takes.

    Raises:
        DeliveryNotTakenError: Says what it takes instead.

    """
    if delivery in plan.deliveries:
        return
    taken = " and ".join(WORDS_OF_DELIVERY[each] for each in plan.deliveries)
    raise DeliveryNotTakenError(
        f"This challenge does not take {WORDS_OF_DELIVERY[delivery]}; it takes {taken}."
    )


def check_size(
    plan: ChallengePlan, delivery: Delivery, *, file_bytes: int, limits: UploadLimits
) -> None:
    """Let a program or image through that is not too large; reading refuses predictions.

    Raises:
        DeliveryNotTakenError: The challenge takes no such thing.
        ModelTooLargeError: As said.

    """
    most = upload_max_bytes(plan, delivery, limits=limits)
    if delivery is not Delivery.PREDICTIONS and file_bytes > most:
        raise ModelTooLargeError(
            f"The file has {file_bytes:,} bytes; the limit for {WORDS_OF_DELIVERY[delivery]}"
            f" is {most:,} bytes."
        )


def kind_at_receipt(*, is_host: bool, is_late: bool) -> SubmissionKind:
    """Return what a team's submission is when it comes in."""
    if is_late:
        return SubmissionKind.LATE
    return SubmissionKind.HOST if is_host else SubmissionKind.COMPETITOR


def kind_on_board(kind: SubmissionKind, *, is_host: bool) -> SubmissionKind:
    """Return what a submission counts as now: whoever judges a challenge is not ranked in it.

    Roles can be given after a submission came in, so the team is asked again whenever a board
    is made; what came in as a host's stays one.
    """
    return SubmissionKind.HOST if is_host and kind is SubmissionKind.COMPETITOR else kind


def check_same_file(before_sha256: str, sha256: str | None) -> None:
    """Let a key stand for one file only.

    Args:
        before_sha256: Of the file that came with the key first.
        sha256: Of the file that comes with it now; None = another one.

    Raises:
        IdempotencyKeyReusedError: They differ.

    """
    if before_sha256 != sha256:
        raise IdempotencyKeyReusedError(
            "This Idempotency-Key already stands for another file of your team. Send this file"
            " with a new key."
        )


def check_note(note: str) -> None:
    """Accept a note of limited length.

    Raises:
        BadNoteError: It is too long, or cannot be stored.

    """
    if "\0" in note:
        raise BadNoteError("The note holds a NUL character. Remove it.")
    if len(note) > NOTE_MAX_CHARS:
        raise BadNoteError(f"The note has {len(note)} characters; {NOTE_MAX_CHARS} are possible.")


def check_grant(tries: int, *, reason: str) -> None:
    """Accept a grant of 1 to 1000 tries with a reason.

    Raises:
        BadGrantError: Otherwise.

    """
    if not 1 <= tries <= 1000 or not reason.strip():  # noqa: PLR2004 (a typing slip, not a grant)
        raise BadGrantError("Grant between 1 and 1000 tries, and say why: the team reads it.")


def tidy_file_name(name: str) -> str:
    """Return a name fit for showing: no folders, no control characters, of limited length."""
    last = name.replace("\\", "/").rsplit("/", 1)[-1]
    shown = "".join(char for char in last if char.isprintable()).strip()
    return shown[-FILE_NAME_MAX_CHARS:] or "submission"
