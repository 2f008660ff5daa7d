"""What the ledger refuses, in words to act on."""

from palio.core.errors import BadRequestError, ConflictError, NotFoundError


class KeyReusedError(ConflictError):
    """The idempotency key stands for another deed."""

    code = "ledger_key_reused"


class NotEnoughMoneyError(ConflictError):
    """There is less on the account than is to be taken."""

    code = "ledger_not_enough"


class NothingToPayError(ConflictError):
    """The person's share of the award is not where the deed needs it."""

    code = "ledger_nothing_there"


class AwardedAlreadyError(ConflictError):
    """The award has its money already."""

    code = "ledger_awarded"


class BadDeedError(BadRequestError):
    """An amount, a share or a piece of evidence makes no sense."""

    code = "ledger_bad_deed"


class RefundNotDueError(ConflictError):
    """The refund policy stated at launch does not give the money back now."""

    code = "refund_not_due"


class ReversedAlreadyError(ConflictError):
    """A transaction is reversed once, and a reversal never."""

    code = "ledger_reversed"


class DeedOfAwardError(ConflictError):
    """A transaction of an award is corrected where the award is."""

    code = "ledger_of_award"


class TransactionNotFoundError(NotFoundError):
    """No such transaction in this challenge."""

    code = "ledger_not_found"
