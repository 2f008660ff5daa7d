"""Everything a person can be told about a challenge that does not allow what was asked."""

from palio.core.errors import AppError, BadRequestError, ConflictError, NotFoundError
from palio.sandbox.outcome import Outcome


class ChallengeNotFoundError(NotFoundError):
    """No challenge has this slug or id, or it is a draft of somebody else."""

    code = "challenge_not_found"


class PhaseNotFoundError(NotFoundError):
    """The challenge has no such phase."""

    code = "phase_not_found"


class NotOpenYetError(ConflictError):
    """No phase takes submissions yet."""

    code = "not_open_yet"


class ClosedError(ConflictError):
    """The last phase is over."""

    code = "closed"


class EntryDeadlineError(ConflictError):
    """The last moment to join is over."""

    code = "entry_deadline_passed"


class BadExtensionError(ConflictError):
    """A phase cannot be extended like this."""

    code = "bad_extension"


class IllegalMoveError(ConflictError):
    """A challenge does not go from this state to that one."""

    code = "illegal_state"


class SlugTakenError(ConflictError):
    """Another challenge has this slug."""

    code = "slug_taken"


class OverBeforeLaunchError(ConflictError):
    """Every phase closed before the challenge was published."""

    code = "over_before_launch"


class RulesChangedError(ConflictError):
    """The rules somebody accepts are not the ones in force."""

    code = "rules_changed"


class ReasonMissingError(BadRequestError):
    """A public change needs a reason people can read."""

    code = "reason_missing"


class FolderTakenError(ConflictError):
    """The folder a new challenge should go to is there already."""

    code = "folder_taken"


class PackRefusedError(AppError):
    """A challenge folder has faults; `findings` names every one of them."""

    code = "pack_refused"
    status = 422


class MetricRefusalError(AppError):
    """The host's own metric refuses the predictions, in the host's words for their author."""

    code = "metric_refused"
    status = 422


class MetricFaultError(AppError):
    """The host's own metric failed; its text is for participants.

    Attributes:
        for_host: What happened, with the end of the log, for organizers alone: it may quote
            hidden answers.
        outcome: How the run ended.

    """

    code = "metric_fault"
    status = 500

    def __init__(self, text: str, *, for_host: str, outcome: Outcome) -> None:
        super().__init__(text)
        self.for_host, self.outcome = for_host, outcome
