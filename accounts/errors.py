"""Everything a person can be told about accounts and teams that does not allow what was asked."""

from palio.core.errors import (
    AppError,
    BadRequestError,
    ConflictError,
    NotAllowedError,
    NotFoundError,
)


class BadHandleError(BadRequestError):
    """The handle has a form that none may have, or is kept for the platform."""

    code = "bad_handle"


class HandleTakenError(ConflictError):
    """Somebody else has the handle."""

    code = "handle_taken"


class BadNameError(BadRequestError):
    """A name is empty, too long, or has characters that cannot be shown safely."""

    code = "bad_name"


class BadEmailError(BadRequestError):
    """The text is no e-mail address."""

    code = "bad_email"


class WeakPasswordError(BadRequestError):
    """The password is too short or among the first that are guessed."""

    code = "weak_password"


class SignUpClosedError(NotAllowedError):
    """Only people with a join link may sign up here."""

    code = "sign_up_closed"


class WrongLoginError(AppError):
    """Handle and password do not belong together; which of them is wrong is not said."""

    code = "wrong_login"
    status = 401


class TooManyTriesError(AppError):
    """Too many wrong passwords for this handle or from this address.

    Attributes:
        retry_after_seconds: When the next try will be looked at.

    """

    code = "too_many_tries"
    status = 429

    def __init__(self, *, retry_after_seconds: int) -> None:
        minutes = -(-retry_after_seconds // 60)
        super().__init__(
            f"Too many wrong passwords. Try again in {minutes} minute{'s' * (minutes > 1)}."
        )
        self.retry_after_seconds = retry_after_seconds


class ServerBusyError(AppError):
    """More people log in at this moment than the server checks passwords for.

    Attributes:
        retry_after_seconds: When to try again.

    """

    code = "server_busy"
    status = 503
    retry_after_seconds = 5

    def __init__(self) -> None:
        super().__init__(
            "Very many people are logging in right now. Try again in "
            f"{self.retry_after_seconds} seconds."
        )


class PersonNotFoundError(NotFoundError):
    """There is no such person."""

    code = "person_not_found"


class TokenNotFoundError(NotFoundError):
    """The person has no such token."""

    code = "token_not_found"


class BadTermError(BadRequestError):
    """A number of days or uses is out of range."""

    code = "bad_term"


class BadLinkError(NotFoundError):
    """A join link or invite is unknown, used up or expired."""

    code = "bad_link"


class TeamNotFoundError(NotFoundError):
    """There is no such team, or the person is not in it."""

    code = "team_not_found"


class TeamNameTakenError(ConflictError):
    """Another team of the challenge has a name that looks the same."""

    code = "team_name_taken"


class AlreadyInTeamError(ConflictError):
    """The person is in a team of this challenge."""

    code = "already_in_team"


class TeamFullError(ConflictError):
    """The team has as many members as the challenge allows."""

    code = "team_full"


class TeamFrozenError(ConflictError):
    """The team cannot change any more: after the merge deadline or its first submission."""

    code = "team_frozen"


class MergerNotFoundError(NotFoundError):
    """No such proposal, or not one of this team's."""

    code = "merger_not_found"


class MergerRefusedError(ConflictError):
    """The two teams cannot become one, or not any more."""

    code = "merger_refused"


class ScopeTooLowError(NotAllowedError):
    """The token is good, and does not reach so far."""

    code = "scope_too_low"


class NotCaptainError(NotAllowedError):
    """Only the captain may do this."""

    code = "not_captain"
