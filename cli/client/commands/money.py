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


def register(app: typer.Typer) -> None:
    """Add `palio money`."""
    money = typer.Typer(no_args_is_help=True, help="Prize money: funding, pledges, the ledger.")
    command(money, "show")(show_funding)
    command(money, "pledge")(pledge)
    command(money, "deposit")(deposit)
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
        show.line(f"It opens when the prize money is deposited. Missing: {missing}.", colour="red")
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
    evidence: Annotated[
        Path,
        typer.Option(
            metavar="FILE",
            exists=True,
            dir_okay=False,
            help="Stays here: only its SHA-256 is sent.",
        ),
    ],
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


def ledger(challenge: Slug = "") -> object:
    """List every transaction of a challenge; for its hosts."""
    slug = challenge_in_use(challenge)
    with organizing() as api:
        found = api.ledger(slug)
    show.table(
        ("when", "what", "amount", "who"),
        [
            (
                show.time_of(made["at"]),
                f"{made['deed']}{' taken back' if made['reverses_id'] else ''}",
                made["money"]["text"],
                made["person"] or made["by"],
            )
            for made in found["items"]
        ],
    )
    return found
