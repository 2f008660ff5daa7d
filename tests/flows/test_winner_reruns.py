"""Winners' code runs again in a real box, and its result is held against their entries."""

import secrets

import pytest
from tests.factories.arena import LIMITS, METRICS, MODELS, TRUTH, predictions
from tests.factories.boxed import FILES, FILMS, Boxed, code

from palio.accounts.contracts import Team
from palio.challenges.contracts import ChallengeState, Delivery
from palio.core import db
from palio.pipeline import board_steps, launch, prize_steps
from palio.prizes import queries, workflow
from palio.prizes.contracts import AwardFile, AwardState
from palio.submissions import private
from palio.submissions import queries as submissions
from palio.submissions.contracts import SubmissionKind, SubmissionState

pytestmark = [pytest.mark.integration, pytest.mark.slow_on("docker")]
GATES = '[verification]\ngates = ["code"]\n'
OTHER = "The program does not give the result of the entry."
SAME = "The program gives the result of the entry."
# Knows every film's answer of this test's data, a quarter missed as in the file.
NEAR = f"""
import csv, pathlib
told = {[truth + 0.25 if truth < 3 else truth - 0.25 for truth in TRUTH]}
rows = list(csv.DictReader(open("/input/test.csv")))
lines = ["id,rating"] + [f"{{row['id']}},{{told[int(row['id']) % 100 - 1]}}" for row in rows]
pathlib.Path("/output/predictions.csv").write_text("\\n".join(lines) + "\\n")
"""
MODEL_FILES = {name: content for name, content in FILES.items() if name.startswith("models")}
BY_FILM = "\n".join(["id,rating", *(f"{row + 1},{film}" for row, film in enumerate(FILMS))]) + "\n"


def files(site: Boxed) -> list[AwardFile]:
    """The awards as they stand, best place first."""
    with db.reading(site.arena.engine) as session:
        found = queries.awards(session, challenge_id=site.arena.challenge_id)
        return [queries.award_file(session, award.id) for award in found]


def hand_in(site: Boxed, award_id: str, team: Team, content: bytes) -> str:
    """Hand in a winner's code, let it run and be judged; the id of its submission."""
    arena = site.arena
    with arena.bench.blobs.writer(limit_bytes=10**9) as writer:
        writer.write(content)
        blob = writer.keep()
    with arena.bench.work() as session:
        receipt = launch.accept_winners_code(
            session,
            award_id=award_id,
            person_id=team.captain_id,
            blob=blob,
            file_name="code.zip",
            idempotency_key=secrets.token_hex(8),
            limits=LIMITS,
            delivery=Delivery.CODE,
            now=arena.now(),
        )
    site.work_off()
    prize_steps.look_after(arena.bench)
    return receipt.submission_id


def accept(site: Boxed, award_id: str, team: Team) -> None:
    now = site.arena.now()
    with site.arena.bench.work() as session:
        workflow.notify(session, award_id=award_id, by="host", now=now)
        workflow.accept(session, award_id=award_id, by=team.captain_id, now=now)


def say_done(site: Boxed, award_id: str, team: Team) -> None:
    with site.arena.bench.work() as session:
        workflow.hand_in(session, award_id=award_id, by=team.captain_id, now=site.arena.now())


def play(site: Boxed) -> tuple[Team, Team, list[str]]:
    """Ada's file wins the first prize and bob's the second; both accept. Their entries."""
    arena = site.arena
    arena.launch(metrics=METRICS, changes=MODELS + GATES, files=MODEL_FILES)
    site.announce()
    ada, bob = arena.team("ada"), arena.team("bob")
    entries = [
        site.send(ada, predictions(0.25), Delivery.PREDICTIONS),
        site.send(bob, BY_FILM.encode(), Delivery.PREDICTIONS),
    ]
    site.work_off()
    arena.end()
    assert board_steps.settle(arena.bench, arena.challenge_id)
    for file, team in zip(files(site), (ada, bob), strict=True):
        assert file.award.team_id == team.id
        accept(site, file.award.id, team)
    return ada, bob, entries


def test_code_that_gives_the_entry_passes_and_code_that_does_not_is_told_so(site: Boxed) -> None:
    ada, bob, _ = play(site)
    first, second = (file.award.id for file in files(site))

    hand_in(site, first, ada, code())
    (gate,) = files(site)[0].gates
    assert (gate.has_passed, gate.words) == (False, OTHER)
    assert files(site)[0].award.state is AwardState.ACCEPTED

    hand_in(site, second, bob, code())
    (gate,) = files(site)[1].gates
    (run,) = files(site)[1].reruns
    assert (gate.has_passed, gate.words) == (True, SAME)
    assert (run.difference, run.agreement) == (0.0, 1.0)
    say_done(site, second, bob)
    assert files(site)[1].award.state is AwardState.SPLIT_SIGNED  # the better place comes first

    hand_in(site, first, ada, code(NEAR))
    say_done(site, first, ada)
    assert [gate.has_passed for gate in files(site)[0].gates] == [False, True]
    assert [file.award.state for file in files(site)] == [AwardState.PAYABLE] * 2
    assert site.arena.challenge.state is ChallengeState.AWARDED


def test_what_is_run_again_is_no_entry(site: Boxed) -> None:
    ada, bob, entries = play(site)
    arena, shown = site.arena, site.board()
    tried = arena.quota(ada)
    run = hand_in(site, files(site)[0].award.id, ada, code())
    assert arena.submission(run).state is SubmissionState.SCORED
    assert arena.submission(run).kind is SubmissionKind.VERIFICATION
    assert arena.submission(run).public_scores == ()
    assert (arena.quota(ada), site.board()) == (tried, shown)
    assert [each.id for each in arena.submissions_of(ada)] == [run, entries[0]]
    assert [each.id for each in arena.submissions_of(bob)] == [entries[1]]
    with db.reading(arena.engine) as session:
        told = submissions.scored_entries(session, challenge_id=arena.challenge_id)
        hidden = private.private_scored_entries(session, challenge_id=arena.challenge_id)
    for counted in (told, hidden):
        assert [each.submission_id for each in counted if each.team_id] == entries
