"""When a rescore set may be opened and applied, and what is said when it may not."""

from palio.core.errors import BadRequestError, ConflictError
from palio.submissions.version_contracts import Progress, ScoreVersion

REASON_MAX_CHARS = 1000


class RescoreOpenError(ConflictError):
    """One rescore set at a time."""

    code = "rescore_open"


class NoRescoreError(ConflictError):
    """No rescore set is open."""

    code = "no_rescore"


class NothingToUndoError(ConflictError):
    """The challenge was never scored by another version."""

    code = "nothing_to_undo"


class RescoreNotReadyError(ConflictError):
    """The set cannot be applied: something is not scored yet, or the correction is at fault."""

    code = "rescore_not_ready"


class RescoreMovedError(ConflictError):
    """Somebody else applied, undid or opened a set since the host looked."""

    code = "rescore_moved"


class BadReasonError(BadRequestError):
    """A rescore is never without a reason."""

    code = "bad_rescore_reason"


def check_reason(reason: str) -> str:
    """Return the reason, tidied; raises `BadReasonError`."""
    tidy = " ".join(reason.split())
    if not tidy:
        raise BadReasonError("Say why everything is scored again: participants will read it.")
    if len(tidy) > REASON_MAX_CHARS:
        raise BadReasonError(f"The reason has more than {REASON_MAX_CHARS} characters.")
    return tidy


def check_ready(progress: Progress) -> None:
    """Let a set be applied.

    Raises:
        RescoreNotReadyError: Says what is missing, or what is at fault.

    """
    if progress.missing:
        raise RescoreNotReadyError(
            f"{progress.missing} of {progress.total} submissions are not scored again yet. "
            "Wait for them; if none gets less, look at the alarms on the host's page."
        )
    if progress.faults:
        raise RescoreNotReadyError(
            f"The correction failed on {progress.faults} submissions, and no team is to lose its "
            f"score by that. Abandon this set, mend it, start another. {progress.first_fault}"
        )


def what_is_seen(active: ScoreVersion, open_set: ScoreVersion | None) -> str:
    """Return a name for what a host looks at: what counts, and which set is open."""
    return f"{active.ordinal}-{open_set.ordinal if open_set else 0}"


def check_seen(seen: str, active: ScoreVersion, open_set: ScoreVersion | None) -> None:
    """Let a host do what was meant when looking; an empty `seen` means whatever is there.

    Raises:
        RescoreMovedError: Says what is there now.

    """
    if seen in {"", what_is_seen(active, open_set)}:
        return
    waits = f"the set of version {open_set.ordinal} is open" if open_set else "no set is open"
    raise RescoreMovedError(
        f"This has changed since you looked: version {active.ordinal} counts now, and {waits}. "
        "Nothing was done; look again."
    )
