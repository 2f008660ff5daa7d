"""Everything a person can be told about evidence and cases that does not allow what was asked."""

from palio.core.errors import BadRequestError, ConflictError, NotAllowedError, NotFoundError


class FindingNotFoundError(NotFoundError):
    """The challenge has no such finding."""

    code = "finding_not_found"


class CaseNotFoundError(NotFoundError):
    """There is no such case, or it is not the caller's business."""

    code = "case_not_found"


class ScanWaitsError(ConflictError):
    """A scan was asked for already and has not ended."""

    code = "scan_waits"


class BadCaseError(BadRequestError):
    """The findings and the team do not belong together, or there are none."""

    code = "bad_case"


class CaseOpenError(ConflictError):
    """There is an open case on this finding against this team."""

    code = "case_open"


class CaseMoveError(ConflictError):
    """A case in this state does not take this step, or not yet."""

    code = "case_move"


class CaseLateError(ConflictError):
    """The clock of the step has run out."""

    code = "case_late"


class BadWordsError(BadRequestError):
    """The words are missing, too many, or the digest is none."""

    code = "bad_case_words"


class PartyError(NotAllowedError):
    """Who decides must not be in a team the case is about."""

    code = "party"


class SameJudgeError(NotAllowedError):
    """An appeal is decided by somebody else than who decided first."""

    code = "same_judge"
