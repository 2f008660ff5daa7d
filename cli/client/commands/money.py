"""Prize money from the command line: how safe it is, pledges, deposits, the ledger."""

from pathlib import Path
from typing import Annotated

import typer

from palio.cli.client import show
from palio.cli.client.command import Slug, challenge_in_use, command
from palio.cli.client.commands.host import Named, organizing

PANEL = "Organize"
Amount = Annotated[str, typer.Argument(metavar="AMOUNT", help="For example 1000.00")]
Currency = Annotated[str, typer.Argument(metavar="CURRENCY", help="ISO 4217, such as EUR.")]
Key = Annotated[
    str, typer.Option(metavar="TEXT", help="The same for every try of one deed; else a fresh one.")
]
Document = Annotated[
    Path,
    typer.Option(
        metavar="FILE", exists=True, dir_okay=False, help="Stays here: only its SHA-256 is sent."
    ),
]


def register(app: typer.Typer) -> None:
    """Add `palio money`."""
    money = typer.Typer(no_args_is_help=True, help="Prize money: funding, pledges, the ledger.")
    command(money, "show")(show_funding)
    command(money, "pledge")(pledge)
    command(money, "deposit")(deposit)
    command(money, "refund")(refund)
    command(money, "fee")(fee)
    command(money, "fee-paid")(fee_paid)
    command(money, "take-back")(take_back)
    command(money, "ledger")(ledger)
    app.add_typer(money, name="money", rich_help_panel=PANEL)


def show_funding(challenge: Slug = "") -> object:
    """Show how the prizes of a challenge are funded; for everybody."""
    slug = challenge_in_use(challenge)
    with organizing() as api:
        found = api.funding(slug)
    for line in found["items"]:
        show.line(f"{line['prizes']['text']}: {line['words']}")
    if not found["items"]:
        show.line("This challenge has no prize money.")
    if found["missing"]:
        missing = ", ".join(money["text"] for money in found["missing"])
        show.line(f"It opens when prizes and fee are deposited. Missing: {missing}.", colour="red")
    return found


def pledge(challenge: Named, amount: Amount, currency: Currency, *, key: Key = "") -> object:
    """Promise prize money in public."""
    with organizing() as api:
        made = api.move_money(
            challenge, "pledges", {"amount": amount, "currency": currency}, key=key
        )
    show.line(f"Pledged {made['money']['text']}.")
    return made


def deposit(
    challenge: Named,
    amount: Amount,
    currency: Currency,
    *,
    evidence: Document,
    held_by: Annotated[
        str, typer.Option(metavar="NAME", help="The third party that holds it, if any.")
    ] = "",
    key: Key = "",
) -> object:
    """Record prize money that you saw arrive; for administrators."""
    from palio.cli.client import transfer  # noqa: PLC0415 (slow import)

    order = {
        "amount": amount,
        "currency": currency,
        "evidence_sha256": transfer.digest(evidence),
        "held_by": held_by,
    }
    with organizing() as api:
        made = api.move_money(challenge, "deposits", order, key=key)
    show.line(f"Recorded {made['money']['text']}, evidence {order['evidence_sha256']}.")
    return made


def refund(
    challenge: Named,
    amount: Amount,
    currency: Currency,
    *,
    fund: Annotated[
        str, typer.Option("--from", metavar="FUND", help="bank, third_party or promise.")
    ] = "bank",
    key: Key = "",
) -> object:
    """Give money back by the stated policy: organizers a pledge, administrators a deposit."""
    order = {"amount": amount, "currency": currency, "fund": fund}
    with organizing() as api:
        made = api.move_money(challenge, "refunds", order, key=key)
    show.line(f"Gave back {made['money']['text']}.")
    return made


def fee(challenge: Named, currency: Currency, *, key: Key = "") -> object:
    """Take the platform's fee on prizes that were only pledged; for administrators."""
    with organizing() as api:
        made = api.move_money(challenge, "fees", {"currency": currency}, key=key)
    show.line(f"Took {made['money']['text']}.")
    return made


def fee_paid(challenge: Named, currency: Currency, *, receipt: Document, key: Key = "") -> object:
    """Record that the fees went to the platform's own account; for administrators."""
    from palio.cli.client import transfer  # noqa: PLC0415 (slow import)

    order = {"currency": currency, "receipt_sha256": transfer.digest(receipt)}
    with organizing() as api:
        made = api.move_money(challenge, "fee-payouts", order, key=key)
    show.line(f"Recorded {made['money']['text']}, receipt {order['receipt_sha256']}.")
    return made


def take_back(
    challenge: Named,
    transaction: Annotated[
        str, typer.Argument(metavar="TRANSACTION", help="The id that `money ledger` shows.")
    ],
    *,
    reason: Annotated[str, typer.Option(metavar="TEXT", help="Stays in the record.")],
    key: Key = "",
) -> object:
    """Correct the ledger by the opposite transaction; for administrators."""
    order = {"transaction_id": transaction, "reason": reason}
    with organizing() as api:
        made = api.move_money(challenge, "reversals", order, key=key)
    show.line(f"Took back {made['money']['text']}.")
    return made


def ledger(challenge: Slug = "") -> object:
    """List every transaction of a challenge; for its hosts."""
    slug = challenge_in_use(challenge)
    with organizing() as api:
        found = api.ledger(slug)
    show.table(
        ("when", "what", "amount", "who", "id"),
        [
            (
                show.time_of(made["at"]),
                f"{made['deed']}{' taken back' if made['reverses_id'] else ''}",
                made["money"]["text"],
                made["person"] or made["by"],
                made["id"],
            )
            for made in found["items"]
        ],
        empty="No money has moved.",
    )
    return found
