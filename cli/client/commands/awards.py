"""One award: what a winning team does to get its prize, and what the organizer does to give it."""

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from palio.cli.client import show
from palio.cli.client.command import command, server_and_token
from palio.cli.client.errors import ClientError

if TYPE_CHECKING:
    from palio.cli.client.awards import AwardApi, AwardFile

AwardId = Annotated[str, typer.Argument(metavar="AWARD", help="Its id, as in `palio awards`.")]
Words = Annotated[str, typer.Option(metavar="TEXT", help="The team reads it.")]
Handle = Annotated[str, typer.Argument(metavar="HANDLE", help="Of the member.")]
Evidence = Annotated[
    Path | None,
    typer.Option(exists=True, dir_okay=False, help="What you saw; only its SHA-256 is sent."),
]
RECORD_CHECK = "The organizer records each open check: palio award check {} CHECK --evidence FILE"
# Whose turn it is, and the command for it; {} is the award's id. Other states wait for nobody.
NEXT = {
    "provisional": "The organizer tells the team: palio award notify {}",
    "notified": "The captain takes it: palio award accept {} (or turn-down)",
    "accepted": "The team hands in what is asked for, then says so: palio award hand-in {}",
    "documents": RECORD_CHECK,
    "code_verified": RECORD_CHECK,
    "eligible": "Members who want other parts say so now: palio award split {} HANDLE=PERCENT …",
    "split_signed": "It becomes payable once better places are ready.",
    "payable": "The organizer pays each member: palio award pay {} HANDLE --receipt FILE",
    "sent": "Each member says that it came: palio award arrived {} HANDLE",
    "returned": "The organizer pays again: palio award pay {} HANDLE --receipt FILE",
}


def register(app: typer.Typer) -> None:
    """Add these commands to the program."""
    award = typer.Typer(no_args_is_help=True, help="One award: take it, hand in, share, be paid.")
    command(award, "show")(show_award)
    command(award, "accept")(accept)
    command(award, "turn-down")(turn_down)
    command(award, "code")(code)
    command(award, "hand-in")(hand_in)
    command(award, "split")(split)
    command(award, "sign")(sign)
    command(award, "notify")(notify)
    command(award, "check")(check)
    command(award, "end")(end)
    command(award, "pay")(pay)
    command(award, "arrived")(arrived)
    command(award, "returned")(returned)
    command(award, "tax-paid")(tax_paid)
    command(award, "claw-back")(claw_back)
    app.add_typer(award, name="award", rich_help_panel="Take part")


def _api() -> "AwardApi":
    from palio.cli.client.awards import AwardApi  # noqa: PLC0415 (slow import)

    return AwardApi(*server_and_token())


def show_award(award: AwardId) -> object:
    """Show where an award stands and what is to be done, until when."""
    with _api() as api:
        return _shown(api.award(award))


def accept(award: AwardId) -> object:
    """Take the prize (captain); from now the time to hand in runs."""
    return _moved(award, "accept")


def turn_down(award: AwardId) -> object:
    """Take no part in the prizes (captain); they go to the next in rank."""
    return _moved(award, "turn_down")


def code(
    award: AwardId,
    file: Annotated[
        Path, typer.Argument(exists=True, help="A folder or zip of code, or an image.")
    ],
    *,
    image: Annotated[bool, typer.Option("--image", help="It is a container image.")] = False,
) -> object:
    """Hand in your program: it is run again, and its result held against your entry."""
    from palio.cli.client import sending  # noqa: PLC0415 (slow import)

    parcel = sending.Parcel(file, "image" if image else "code")
    with _api() as api, sending.packed(parcel) as packed:
        return _shown(api.code(award, packed.path, delivery=packed.delivery))


def hand_in(award: AwardId) -> object:
    """Say that everything asked for is handed in; your clock stops."""
    return _moved(award, "hand_in")


def split(
    award: AwardId,
    parts: Annotated[
        list[str], typer.Argument(metavar="HANDLE=PERCENT…", help="One for every member.")
    ],
) -> object:
    """Propose another split than equal parts; every member has to sign it."""
    points = dict(_part(part) for part in parts)
    with _api() as api:
        return _shown(api.split(award, points))


def sign(
    award: AwardId,
    parts: Annotated[
        list[str], typer.Argument(metavar="HANDLE=PERCENT…", help="What you sign, as proposed.")
    ],
) -> object:
    """Sign the split as it stands, if its parts are these."""
    points = dict(_part(part) for part in parts)
    with _api() as api:
        found = api.award(award)
        if points != {share["handle"]: share["basis_points"] for share in found["shares"]}:
            _shown(found)
            raise ClientError("These are not the parts as they stand.", hint="They are above.")
        return _shown(api.sign(award, found["split_number"]))


def notify(award: AwardId) -> object:
    """Tell the team that it has won (organizer); its time to reply runs."""
    return _moved(award, "notify")


def check(
    award: AwardId,
    gate: Annotated[
        Literal["identity", "age", "residence", "tax_form", "licence", "code"],
        typer.Argument(help="What was looked at."),
    ],
    *,
    failed: Annotated[bool, typer.Option("--failed", help="It was not in order.")] = False,
    evidence: Evidence = None,
    words: Words = "",
) -> object:
    """Record that a check was passed, or not (organizer); the document stays with you."""
    with _api() as api:
        found = api.gate(
            award,
            gate,
            has_passed=not failed,
            evidence_sha256=_sha256(evidence),
            words=words,
        )
    return _shown(found)


def end(award: AwardId, *, words: Words) -> object:
    """End an award whose team fails a check for good (organizer); the next in rank is offered."""
    return _moved(award, "forfeit", words=words)


def pay(
    award: AwardId,
    handle: Handle,
    *,
    receipt: Annotated[Path, typer.Option(exists=True, dir_okay=False, help="Of the bank.")],
    withheld: Annotated[
        str, typer.Option(metavar="AMOUNT", help="Tax withheld, such as 300.00.")
    ] = "0",
) -> object:
    """Record that a member's share was sent (organizer); only the receipt's SHA-256 is sent."""
    with _api() as api:
        found = api.pay(award, handle, withheld=withheld, receipt_sha256=_sha256(receipt))
    return _shown(found)


def arrived(award: AwardId, handle: Handle) -> object:
    """Record that a share arrived (that member, or the organizer)."""
    with _api() as api:
        return _shown(api.payment_ended(award, handle, how="arrival"))


def returned(award: AwardId, handle: Handle) -> object:
    """Record that a payment came back from the bank (organizer)."""
    with _api() as api:
        return _shown(api.payment_ended(award, handle, how="return"))


def tax_paid(
    award: AwardId,
    handle: Handle,
    *,
    receipt: Annotated[Path, typer.Option(exists=True, dir_okay=False, help="Of the tax office.")],
) -> object:
    """Record that the tax withheld from a share was paid to the tax office (organizer)."""
    with _api() as api:
        return _shown(api.tax_paid(award, handle, receipt_sha256=_sha256(receipt)))


def claw_back(award: AwardId, *, words: Words) -> object:
    """Take a given award back (organizer); it goes to the next in rank."""
    return _moved(award, "claw_back", words=words)


def _moved(award: str, move: str, *, words: str = "") -> object:
    with _api() as api:
        return _shown(api.move(award, move, words=words))


def _part(text: str) -> tuple[str, int]:
    handle, _, percent = text.partition("=")
    whole, _, rest = percent.strip().rstrip("%").partition(".")
    digits = f"{whole}{rest:0<2}"
    if not handle or not digits.isdecimal() or len(rest) > 2:  # noqa: PLR2004 (hundredths)
        raise ClientError(f"{text!r} is no part.", hint="For example ada=33.34")
    return handle, int(digits)


def _sha256(path: Path | None) -> str:
    if path is None:
        return ""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _shown(found: "AwardFile") -> object:
    award = found["award"]
    state = award["state"].replace("_", " ")
    show.line(f"{award['title']}, {award['money']['text']}, {award['team']}: {state}", bold=True)
    if words := NEXT.get(award["state"]):
        show.line(words.format(award["id"]))
    if award["due_at"]:
        show.line(f"until {show.time_of(award['due_at'])}")
    for gate in found["gates"]:
        verdict = {None: "open", True: "passed", False: "not passed"}[gate["has_passed"]]
        show.line(f"  {gate['gate']:<10} {verdict}{_after(gate['words'])}")
    for run in found["reruns"]:
        outcome = {None: "waits or runs", True: "reproduced", False: "not reproduced"}
        show.line(f"  code run   {outcome[run['has_passed']]}{_after(run['words'])}")
    show.table(
        ["member", "part>", "amount>", "signed", "payment"],
        [
            (
                share["handle"],
                f"{share['basis_points'] / 100:.2f} %",
                share["money"]["text"] if share["money"] else "",
                "yes" if share["has_signed"] else "no",
                share["payment"] if share["payment"] != "none" else "",
            )
            for share in found["shares"]
        ],
    )
    return found


def _after(words: str) -> str:
    return f": {words}" if words else ""
