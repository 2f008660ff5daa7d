"""Ways to send money. One is shipped: a person makes the transfer and keeps the receipt."""

from palio.escrow import rules
from palio.escrow.contracts import PaymentOrder


class ManualTransfer:
    """A bank transfer made by hand; Palio keeps the hash of the bank's receipt."""

    name = "manual"

    def accept(self, order: PaymentOrder) -> str:
        """Return the receipt's hash as the reference.

        Raises:
            BadDeedError: The receipt's hash is none.

        """
        rules.check_sha256(order.receipt_sha256)
        return order.receipt_sha256
