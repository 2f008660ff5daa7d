"""The books of prize money on this machine: the trial balance, and every posting as CSV."""

from dataclasses import asdict
from pathlib import Path

from palio.accounts import queries as accounts
from palio.challenges import queries as challenges
from palio.cli.client import show
from palio.cli.client.errors import ClientError
from palio.cli.operate.here import here
from palio.escrow import queries, trial


def check(data: Path | None) -> object:
    """Draw the trial balance.

    Raises:
        ClientError: A currency does not come to zero, or a balance is not its postings.

    """
    with here(data) as server, server.reading() as session:
        lines = trial.trial_balance(session)
    for line in lines:
        show.line(
            f"{line.currency}: {line.accounts} accounts, total {line.total}, "
            f"{len(line.drifted)} drifted, {len(line.unbalanced)} unbalanced",
            colour="" if line.is_sound else "red",
        )
    if not lines:
        show.line("No money has moved.")
    if not all(line.is_sound for line in lines):
        raise ClientError(
            "The ledger is not sound.",
            hint="Stop paying. Compare the CSV with a backup: palio ledger export --out FILE",
        )
    return [{**asdict(line), "is_sound": line.is_sound} for line in lines]


def export(challenge: str, *, out: Path, data: Path | None) -> object:
    """Write every posting, of one challenge or of all, as CSV."""
    with here(data) as server, server.reading() as session:
        wanted = [challenges.by_slug(session, challenge).id] if challenge else None
        found = queries.statements(session, challenge_ids=wanted)
        slugs = {
            challenge_id: challenges.by_id(session, challenge_id).slug
            for challenge_id in dict.fromkeys(made.challenge_id for made in found)
        }
        people = {made.by for made in found} | {
            line.place.person_id for made in found for line in made.postings
        }
        known = accounts.people_by_id(session, person_ids=sorted(people))
        handles = {person_id: person.handle for person_id, person in known.items()}
        text = trial.as_csv(found, slugs=slugs, handles=handles)
    out.write_text(text, encoding="utf-8", newline="")
    show.line(f"Wrote {len(found)} transactions to {out}.")
    return {"transactions": len(found), "file": str(out)}
