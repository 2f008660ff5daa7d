"""What can be wrong with a request before any rule of a challenge is asked."""

from palio.core.errors import AppError, BadRequestError, NotAllowedError


class CrossSiteError(NotAllowedError):
    """A browser sent this from another site, or does not say from where."""

    code = "cross_site"


class FormProofError(NotAllowedError):
    """The form was not made for this session."""

    code = "form_proof"


class RulesNotAcceptedError(NotAllowedError):
    """The data and submissions are for people who accepted the rules in force."""

    code = "rules_not_accepted"


class IdempotencyKeyMissingError(BadRequestError):
    """Without a key a repeated upload could count twice."""

    code = "idempotency_key_missing"


class BadFieldsError(BadRequestError):
    """Some fields of the request are missing or of the wrong kind."""

    code = "bad_fields"


class UploadIdleError(AppError):
    """Nothing came for too long, so the upload was ended."""

    code = "upload_idle"
    status = 408


class BusyError(AppError):
    """Others hold what this request needs; trying again soon will work."""

    code = "busy"
    status = 503
    retry_after_seconds = 2

    def __init__(self) -> None:
        super().__init__(
            "The server is busy with other requests. Nothing was changed; try again in 2 seconds."
        )


class DatabaseAwayError(AppError):
    """The database restarts or cannot be reached; the same request may be sent again."""

    code = "database_away"
    status = 503
    retry_after_seconds = 5

    def __init__(self) -> None:
        super().__init__(
            "The server cannot reach its database at this moment. Try again in 5 seconds; a file "
            "sent again with the same Idempotency-Key is never counted twice."
        )
