"""The demo's money and proofs: a deposit before, reasons, awards and offline checks after."""

from decimal import Decimal

import httpx

from palio.cli.client import receipts
from palio.cli.client.api import Api
from palio.cli.client.host import HostApi
from palio.demo import challenge
from palio.demo.play import ADMIN, HOST, Stage

STATEMENT = "0" * 64  # the digest of a bank statement that is not there


def deposit(stage: Stage) -> None:
    """Let the administrator record the prize money: without it the challenge does not open."""
    with _as(stage, ADMIN) as api:
        for money in api.funding(challenge.SLUG)["missing"]:
            amount = str(Decimal(money["minor"]).scaleb(-2))
            order = {"amount": amount, "currency": "EUR", "evidence_sha256": STATEMENT}
            api.move_money(challenge.SLUG, "deposits", order, key="demo")
            stage.step(f"{money['text']} is deposited, as the rules demand before it opens")


def tell_why(stage: Stage) -> None:
    """Say in one line why a row stands where it does."""
    with Api(stage.server) as api:
        second = api.leaderboard(challenge.SLUG, board="private")["items"][1]
        why = api.explain(challenge.SLUG, second["team_id"], board="private")
    above = sum(group["rows"] for group in why["better"])
    stage.step(
        f"why is {second['team']} on rank {second['rank']}? {second['score']}, and {above} row "
        f"is strictly better: {', '.join(why['better'][-1]['values'])}"
    )


def confirm(stage: Stage) -> None:
    """Let the organizer confirm the awards, best place first."""
    with _as(stage, HOST) as api:
        awards = api.awards(challenge.SLUG)
        for award in awards:
            api.confirm_award(award["id"])
    stage.step(f"the organizer confirms all {len(awards)}; the deposit is owed to the winners")


def prove(stage: Stage) -> None:
    """Fetch a receipt, the board's bundle and the key, then check both without the server."""
    key = httpx.get(f"{stage.server}/api/v1/log/key").raise_for_status().text.strip()
    proofs = stage.data / "proofs"
    proofs.mkdir()
    receipt, bundle = proofs / "receipt.json", proofs / "bundle.zip"
    with _as(stage, "nadia") as api:
        newest = next(iter(api.submissions(challenge.SLUG)))
        receipts.write(receipt, api.receipt(newest["id"]))
        api.bundle(challenge.SLUG, bundle)
    stage.step("nadia checks her receipt and the board, without the server")
    stage.show("verify", "receipt", str(receipt), "--key", key)
    stage.show("verify", "board", str(bundle), "--key", key)


def _as(stage: Stage, handle: str) -> HostApi:
    with Api(stage.server) as visitor:
        token = visitor.make_token(
            name="demo", handle=handle, password=stage.passwords[handle], scope="organize"
        )
    return HostApi(stage.server, token["token"])
