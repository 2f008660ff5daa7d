"""Checking and submitting predictions and models, and following what becomes of them."""

import secrets
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from palio.cli.client import receipts, sending, show, stages
from palio.cli.client.answers import Quota, Receipt, Submission
from palio.cli.client.command import (
    Ended,
    Slug,
    SlugOption,
    challenge_in_use,
    command,
    open_api,
    options,
)
from palio.cli.client.errors import (
    EXIT_REFUSED,
    EXIT_TIMED_OUT,
    EXIT_UNREACHABLE,
    ApiError,
    ClientError,
)

if TYPE_CHECKING:
    from palio.cli.client.api import Api

PANEL = "Take part"
WAIT_SECONDS = 600.0
WAIT_SECONDS_MODEL = 4 * 3600.0  # two runs, and those of others before them
EXIT_OF_STATE = {"refused": EXIT_REFUSED, "failed": EXIT_REFUSED, "errored": EXIT_UNREACHABLE}
PredictionFile = Annotated[Path, typer.Argument(exists=True, help="The prediction file.")]
SubmissionId = Annotated[str, typer.Argument(metavar="ID", help="As in `palio submissions`.")]


def register(app: typer.Typer) -> None:
    """Add these commands to the program."""
    command(app, "check", panel=PANEL)(check)
    command(app, "submit", panel=PANEL)(submit)
    command(app, "submissions", panel=PANEL)(list_submissions)
    command(app, "submission", panel=PANEL)(show_submission)
    command(app, "receipt", panel=PANEL)(save_receipt)
    command(app, "choose", panel=PANEL)(choose)
    command(app, "unchoose", panel=PANEL)(unchoose)
    command(app, "quota", panel=PANEL)(show_quota)


def check(file: PredictionFile, *, challenge: SlugOption = "") -> object:
    """Ask the server whether it would accept a prediction file; costs no try. Not for models."""
    if sending.is_model(file):
        raise ClientError(
            f"{file} is no prediction file, and models are not checked this way.",
            hint="Run it at home with palio model run FOLDER; the smoke run after palio submit"
            " costs no try either.",
        )
    slug = challenge_in_use(challenge)
    with open_api() as api, show.transfer(file.name) as progress:
        verdict = api.check(slug, file, progress=progress)
    if verdict["verdict"] == "accepted":
        rows = verdict.get("rows")
        show.line(f"{file.name} is sound" + (f": {rows:,} rows." if rows else "."), colour="green")
        show.line("It would be accepted. This check cost no try.")
        return verdict
    show.line(f"{file.name} would be refused:", colour="red")
    show.findings(verdict["findings"])
    show.line("This check cost no try.")
    return Ended(verdict, EXIT_REFUSED)


def submit(  # noqa: PLR0913 (each is an option of the command)
    file: Annotated[
        Path | None, typer.Argument(exists=True, dir_okay=False, help="The prediction file.")
    ] = None,
    *,
    code: Annotated[
        Path | None,
        typer.Option(exists=True, help="In its place: a folder with palio-model.toml, or its zip."),
    ] = None,
    image: Annotated[
        Path | None,
        typer.Option(
            exists=True, dir_okay=False, help="In its place: what docker save IMAGE | gzip wrote."
        ),
    ] = None,
    challenge: SlugOption = "",
    note: Annotated[str, typer.Option(help="Words for your team's own list.")] = "",
    key: Annotated[
        str, typer.Option(help="Key of an upload that broke off: then it counts once.")
    ] = "",
    wait: Annotated[bool, typer.Option("--wait", "-w", help="Wait for the score.")] = False,
    timeout: Annotated[
        float | None, typer.Option(min=1, help="Seconds to wait at most; exit code 6 after that.")
    ] = None,
    receipt_file: Annotated[
        Path | None,
        typer.Option("--receipt", dir_okay=False, help="Write the signed receipt to here."),
    ] = None,
) -> object:
    """Submit predictions, or a model as code or image."""
    thing = sending.named(predictions=file, code=code, image=image)
    slug, key = challenge_in_use(challenge), key or secrets.token_urlsafe(24)
    if receipt_file:
        receipts.check_target(receipt_file)
    with open_api() as api:
        with sending.packed(thing) as parcel:
            receipt = _send(api, slug, parcel, note=note, key=key)
        submission_id = receipt["submission_id"]
        if receipt_file:
            _keep(receipt, receipt_file)
        show.line(
            f"Received {parcel.path.name} at {show.time_of(receipt['received_at'])}"
            f" (sha256 {receipt['sha256'][:12]}…)."
        )
        if wait:
            usual = WAIT_SECONDS if parcel.delivery == "predictions" else WAIT_SECONDS_MODEL
            ended = _wait(api, submission_id, timeout=timeout or usual)
            _tell_tries_left(api, slug)
            return ended
        show.line(f"Follow it with: palio submission {submission_id}")
        _tell_tries_left(api, slug)
    return receipt


def _keep(receipt: Receipt, target: Path) -> None:
    way_out = f"palio receipt {receipt['submission_id']}"
    if "receipt_json" not in receipt:
        show.line(f"There is no signed receipt yet. Bring it with: {way_out}", colour="yellow")
        return
    try:
        receipts.write(target, receipt["receipt_json"])
    except ClientError as error:
        hint = f"The submission was received all the same. Bring its receipt with: {way_out}"
        raise ClientError(error.detail, hint=hint) from error


def _send(api: "Api", slug: str, parcel: sending.Parcel, *, note: str, key: str) -> Receipt:
    if parcel.delivery != "predictions":
        sending.check(parcel, api.challenge(slug))
    elif sending.is_model(parcel.path):
        raise ClientError(
            f"{parcel.path.name} holds a model, not predictions.",
            hint="Say so: palio submit --code ZIP, or palio submit --image FILE",
        )
    try:
        with show.transfer(parcel.path.name) as progress:
            return api.submit(
                slug,
                parcel.path,
                note=note,
                delivery=parcel.delivery,
                idempotency_key=key,
                progress=progress,
            )
    except ApiError as error:
        if error.code in ("connection", "upload_cut", "upload_idle"):
            error.hint = (
                "Nothing is lost, and nothing counts twice: run the same command again with"
                f" --key {key}. {error.hint}"
            ).rstrip()
        raise


def list_submissions(
    challenge: Slug = "",
    *,
    limit: Annotated[int, typer.Option(min=1, help="How many, newest first.")] = 50,
    everyone: Annotated[
        bool, typer.Option("--all", help="Those of every team (organizer).")
    ] = False,
) -> object:
    """List your team's submissions, newest first."""
    with open_api() as api:
        listed = list(
            islice(api.submissions(challenge_in_use(challenge), everyone=everyone), limit)
        )
    has_finals = any(each["is_chosen"] for each in listed)
    has_models = any(each.get("delivery", "predictions") != "predictions" for each in listed)
    show.table(
        [
            "id",
            *(["team<"] if everyone else []),
            "at (UTC)",
            *(["kind"] if has_models else []),
            "state",
            "score>",
            *(["final"] if has_finals else []),
            "file<",
        ],
        [
            (
                each["id"],
                *([each["team"]["name"]] if everyone else []),
                each["received_at"][5:16].replace("T", " "),
                *([each.get("delivery", "")] if has_models else []),
                each["state"],
                each["public_scores"][0]["score"] if each["public_scores"] else "",
                *(["chosen" if each["is_chosen"] else ""] if has_finals else []),
                each["file_name"],
            )
            for each in listed
        ],
        empty="Nothing submitted yet. Submit with: palio submit FILE",
    )
    return listed


def show_submission(
    submission_id: SubmissionId,
    *,
    file: Annotated[
        Path | None, typer.Option(dir_okay=False, help="Also bring the file back, to here.")
    ] = None,
    log: Annotated[
        bool, typer.Option("--log", help="Show the whole log of the smoke run.")
    ] = False,
) -> object:
    """Show one submission: where it stands, its score, why it was refused, its smoke run."""
    with open_api() as api:
        submission = api.submission(submission_id)
        if file:
            with show.transfer(submission["file_name"]) as progress:
                api.submission_file(submission, file, progress=progress)
    _print(submission, has_log=log)
    return submission


def save_receipt(
    submission_id: SubmissionId,
    *,
    out: Annotated[
        Path | None, typer.Option(dir_okay=False, help="Where to; receipt-ID.json without.")
    ] = None,
) -> object:
    """Bring the signed receipts of a submission: check them with palio verify receipt FILE."""
    target = out or Path(f"receipt-{submission_id}.json")
    with open_api() as api:
        document = api.receipt(submission_id)
    receipts.write(target, document)
    show.line(f"Written to {target}. Check it with: palio verify receipt {target}")
    return document


def choose(submission_id: SubmissionId) -> object:
    """Make a submission one of your team's final entries."""
    return _choose(submission_id, chosen=True)


def unchoose(submission_id: SubmissionId) -> object:
    """Take a submission out of your team's final entries."""
    return _choose(submission_id, chosen=False)


def show_quota(challenge: Slug = "") -> object:
    """Show the tries you have left, and the ledger behind them."""
    with open_api() as api:
        quota = api.quota(challenge_in_use(challenge))
    show.line(_tries_left(quota), bold=True)
    show.line()
    show.table(
        ["when (UTC)", "change>", "cause", "note<"],
        [
            (
                line["at"][:16].replace("T", " "),
                # The ledger counts tries used; people count tries they have.
                f"{-line['change']:+d}",
                line["cause"].replace("_", " "),
                line["note"],
            )
            for line in quota["lines"]
        ],
        empty="No tries used yet.",
    )
    return quota


def _wait(api: "Api", submission_id: str, *, timeout: float) -> object:
    try:
        with show.waiting() as tell:
            submission = api.wait(
                submission_id,
                timeout_seconds=timeout,
                on_look=lambda look: tell(stages.now_at(look)),
            )
    except ApiError as error:
        if error.code != "timed_out":
            raise
        show.error(error.detail, hint=error.hint)
        return Ended(api.submission(submission_id), EXIT_TIMED_OUT)
    except KeyboardInterrupt:
        show.line(f"Not waiting any more. It goes on: palio submission {submission_id}")
        raise
    _print(submission)
    return Ended(submission, EXIT_OF_STATE.get(submission["state"], 0))


def _choose(submission_id: str, *, chosen: bool) -> object:
    with open_api() as api:
        api.choose(submission_id, chosen=chosen)
    words = "one of your final entries" if chosen else "no longer one of your final entries"
    show.line(f"{submission_id} is {words}.")
    return {"id": submission_id, "is_chosen": chosen}


def _print(submission: Submission, *, has_log: bool = False) -> None:
    says_enough = submission["status"] == "Scored." or bool(submission["findings"])
    show.facts(
        [
            ("submission", submission["id"]),
            ("state", submission["state"]),
            ("status", submission["status"] if not says_enough else ""),
            *(
                (score["metric"], f"{score['score']} (public)")
                for score in submission["public_scores"]
            ),
            ("file", f"{submission['file_name']}, {show.size_of(submission['bytes'])}"),
            ("sha256", submission["sha256"]),
            ("received", show.time_of(submission["received_at"])),
            ("note", submission["note"]),
            ("chosen", "yes" if submission["is_chosen"] else ""),
        ]
    )
    show.findings(submission["findings"])
    stages.tell(submission, has_log=has_log)


def _tell_tries_left(api: "Api", slug: str) -> None:
    if not options().as_json:
        with suppress(ApiError):  # the file is in; nothing said after that may look like a failure
            show.line(_tries_left(api.quota(slug)), dim=True)


def _tries_left(quota: Quota) -> str:
    remaining, next_try = quota["remaining"], quota["next_try_at"]
    if remaining is None:
        return "There is no limit on your tries."
    if remaining > 0:
        return f"{remaining} {'try' if remaining == 1 else 'tries'} left now."
    when = f"; the next one at {show.time_of(next_try)}" if next_try else ""
    return f"No tries left{when}."
