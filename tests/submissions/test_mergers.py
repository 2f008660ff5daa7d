"""Mergers on both databases: both captains, one ledger, every receipt as it was."""

import pytest
from sqlmodel import select
from tests.factories import submissions as make
from tests.factories.mergers import accept, merge, pair, propose, used
from tests.factories.submissions import Work

from palio.accounts import mergers as proposals
from palio.accounts import messages
from palio.accounts import queries as accounts
from palio.accounts import service as account_service
from palio.accounts.contracts import MergerState, Role
from palio.accounts.errors import BadLinkError, MergerRefusedError, NotCaptainError
from palio.challenges.contracts import EntryRule, Quota, TeamRules
from palio.core import audit
from palio.core.clock import database_now
from palio.core.errors import AppError
from palio.submissions import (
    exclusions,
    idempotency,
    mergers,
    models,
    queries,
    rules,
    selection,
    service,
)
from palio.submissions.contracts import QuotaCause
from palio.submissions.exclusion_contracts import ReasonCode


def test_merged_team_has_both_ledgers_all_members_and_every_submission(work: Work) -> None:
    with work() as session:
        challenge, ada, bob = pair(session)
        for index in range(2):
            make.submit(session, to=challenge, by=ada, key=f"a{index}")
        theirs = [make.submit(session, to=challenge, by=bob, key=f"b{i}") for i in range(3)]
        make.score(session, theirs[0], public="0.9", private="0.9")
    with work() as session:
        merged = merge(session, challenge, ada, bob)
    with work() as session:
        assert merged.id == ada.id
        assert [member.handle for member in merged.members] == ["ada", "bob"]
        assert used(session, challenge, merged) == (5, 5, 0)
        with pytest.raises(rules.QuotaUsedUpError):
            make.submit(session, to=challenge, by=merged, key="one-more")
        found = queries.of_team(session, challenge_id=challenge.id, team_id=merged.id).items
        assert len(found) == 5
        (entry,) = queries.scored_entries(session, challenge_id=challenge.id)
        assert entry.team_id == merged.id
        assert accounts.teams(session, challenge_id=challenge.id) == {merged.id: merged}
        assert accounts.team_counts(session, challenge_ids=[challenge.id]) == {challenge.id: 1}


def test_receipt_keeps_naming_the_team_that_handed_the_file_in(work: Work) -> None:
    with work() as session:
        challenge, ada, bob = pair(session)
        before = make.submit(session, to=challenge, by=bob, key="k")
        merged = merge(session, challenge, ada, bob)
    with work() as session:
        kept = queries.submission(session, before.submission_id)
        again = idempotency.receipt_of_key(session, team_id=merged.id, idempotency_key="k")
        gone = accounts.absorbed_teams(session, challenge_id=challenge.id)
    assert (kept.team_id, kept.sender_team_id) == (ada.id, bob.id)
    assert again is not None
    assert again.team_id == bob.id
    assert [(team.id, team.name, team.merged_into_id) for team in gone] == [(bob.id, "bob", ada.id)]


def test_key_that_both_teams_used_gives_each_person_the_receipt_it_got(work: Work) -> None:
    with work() as session:
        challenge, ada, bob = pair(session)
        first = make.submit(session, to=challenge, by=ada, key="1", content="ada's")
        second = make.submit(session, to=challenge, by=bob, key="1", content="bob's")
        merge(session, challenge, ada, bob)
    with work() as session:
        assert (
            make.submit(session, to=challenge, by=ada, key="1", content="ada's").submission_id
            == first.submission_id
        )
        assert (
            make.submit(session, to=challenge, by=bob, key="1", content="bob's").submission_id
            == second.submission_id
        )
        with pytest.raises(rules.IdempotencyKeyReusedError):
            make.submit(session, to=challenge, by=bob, key="1", content="a third")
        assert len(session.exec(select(models.Submission.id)).all()) == 2


def test_refund_after_the_merger_gives_the_try_back_to_the_merged_team(work: Work) -> None:
    with work() as session:
        challenge, ada, bob = pair(session)
        theirs = make.submit(session, to=challenge, by=bob, key="b")
        merged = merge(session, challenge, ada, bob)
        now = database_now(session)
        service.error(session, submission_id=theirs.submission_id, reason="Our fault.", now=now)
    with work() as session:
        assert used(session, challenge, merged) == (0, 0, 5)
        lines = queries.quota(session, challenge=challenge, team_id=merged.id, now=now).lines
    assert [(line.change, line.cause) for line in lines] == [
        (1, QuotaCause.SUBMITTED),
        (-1, QuotaCause.PLATFORM_FAULT),
    ]


def test_teams_that_used_more_than_one_could_have_do_not_merge(work: Work) -> None:
    with work() as session:
        challenge, ada, bob = pair(session, quota=Quota(per_day=5, total=6, zone="UTC"))
        for index in range(4):
            make.submit(session, to=challenge, by=ada, key=f"a{index}")
            make.submit(session, to=challenge, by=bob, key=f"b{index}")
        with pytest.raises(MergerRefusedError) as caught:
            propose(session, challenge, ada, bob)
    assert caught.value.detail == (
        "In the phase main the two teams have used 8 tries together; one team could have used 6"
        " by now."
    )


def test_rule_is_looked_at_again_when_the_other_captain_accepts(work: Work) -> None:
    with work() as session:
        challenge, ada, bob = pair(session, quota=Quota(per_day=5, total=6, zone="UTC"))
        made = propose(session, challenge, ada, bob)
        for index in range(4):
            make.submit(session, to=challenge, by=ada, key=f"a{index}")
            make.submit(session, to=challenge, by=bob, key=f"b{index}")
    with work() as session, pytest.raises(MergerRefusedError):
        accept(session, challenge, made, by=bob.captain_id)
    with work() as session:
        assert used(session, challenge, ada) == (4, 4, 1)
        assert used(session, challenge, bob) == (4, 4, 1)


def test_preview_shows_both_before_anything_is_agreed(work: Work) -> None:
    with work() as session:
        challenge, ada, bob = pair(session)
        make.submit(session, to=challenge, by=ada, key="a")
        make.submit(session, to=challenge, by=bob, key="b")
        found = mergers.preview(
            session, challenge=challenge, ours=ada, theirs=bob, now=database_now(session)
        )
    (tries,) = found.phases
    assert (tries.ours, tries.theirs, tries.allowed, tries.remaining) == (1, 1, 10, 3)
    assert (found.our_members, found.their_members, found.obstacles) == (("ada",), ("bob",), ())


def test_name_and_captain_are_as_proposed_and_the_other_name_stays_taken(work: Work) -> None:
    with work() as session:
        challenge, ada, bob = pair(session)
        made = propose(session, challenge, ada, bob, keeps_our_name=False, keeps_our_captain=False)
        merged = accept(session, challenge, made, by=bob.captain_id)
    with work() as session:
        assert (merged.id, merged.name, merged.captain_id) == (ada.id, "bob", bob.captain_id)
        newcomer = make.team(session, of=challenge, handle="cid")
        for name in ("ada", "bob"):
            with pytest.raises(AppError) as caught:
                account_service.rename_team(
                    session,
                    team_id=newcomer.id,
                    name=name,
                    by=newcomer.captain_id,
                    now=database_now(session),
                )
            assert caught.value.code == "team_name_taken"
        for name in ("ada", "bob", bob.id):  # whoever is looked for is found where they are now
            found = accounts.team_named(session, challenge_id=challenge.id, id_or_name=name)
            assert found.id == merged.id


def test_only_captains_speak_and_only_for_their_team(work: Work) -> None:
    with work() as session:
        challenge, ada, bob = pair(session)
        made = propose(session, challenge, ada, bob)
        now = database_now(session)
        with pytest.raises(NotCaptainError):
            accept(session, challenge, made, by=ada.captain_id)
        for state, by in (
            (MergerState.DECLINED, ada.captain_id),
            (MergerState.WITHDRAWN, bob.captain_id),
        ):
            with pytest.raises(NotCaptainError):
                mergers.end(
                    session, merger_id=made.id, challenge=challenge, state=state, by=by, now=now
                )


@pytest.mark.parametrize("state", [MergerState.DECLINED, MergerState.WITHDRAWN])
def test_ended_proposal_cannot_be_accepted_and_all_members_are_told(
    work: Work, state: MergerState
) -> None:
    with work() as session:
        challenge, ada, bob = pair(session)
        made = propose(session, challenge, ada, bob)
        by = bob.captain_id if state is MergerState.DECLINED else ada.captain_id
        mergers.end(
            session,
            merger_id=made.id,
            challenge=challenge,
            state=state,
            by=by,
            now=database_now(session),
        )
        with pytest.raises(MergerRefusedError):
            accept(session, challenge, made, by=bob.captain_id)
    with work() as session:
        for person in (ada.captain_id, bob.captain_id):
            told = messages.messages(session, person_id=person).items
            assert [message.kind for message in told] == [f"merger.{state}", "merger.proposed"]


def test_team_is_asked_three_times_at_most(work: Work) -> None:
    with work() as session:
        challenge, ada, bob = pair(session)
        for _ in range(proposals.PROPOSALS_MAX):
            made = propose(session, challenge, ada, bob)
            with pytest.raises(MergerRefusedError):
                propose(session, challenge, ada, bob)
            mergers.end(
                session,
                merger_id=made.id,
                challenge=challenge,
                state=MergerState.DECLINED,
                by=bob.captain_id,
                now=database_now(session),
            )
        with pytest.raises(MergerRefusedError) as caught:
            propose(session, challenge, ada, bob)
    assert "3 times" in caught.value.detail


def test_new_member_after_the_proposal_needs_a_new_proposal(work: Work) -> None:
    with work() as session:
        challenge, ada, bob = pair(session)
        made = propose(session, challenge, ada, bob)
        now = database_now(session)
        link = account_service.invite(
            session, team_id=ada.id, by=ada.captain_id, now=now, days=7, merge_deadline=None
        ).secret
        cid = accounts.person(session, make.team(session, of=challenge, handle="cid").captain_id)
        account_service.accept_invite(
            session, code=link, person=cid, max_members=5, merge_deadline=None, now=now
        )
    with work() as session, pytest.raises(MergerRefusedError) as caught:
        accept(session, challenge, made, by=bob.captain_id)
    assert "have changed since" in caught.value.detail


def test_size_deadline_hosts_and_disqualified_teams_are_obstacles(work: Work) -> None:
    with work() as session:
        now = database_now(session)
        teams = TeamRules(max_members=1, entry_deadline=None, merge_deadline=now)
        challenge, ada, bob = pair(session, teams=teams)
        exclusions.disqualify(
            session,
            challenge=challenge,
            team_id=bob.id,
            reason=ReasonCode.OTHER_RULE,
            words="See rule 3.",
            by="host",
            now=now,
        )
        found = mergers.preview(session, challenge=challenge, ours=ada, theirs=bob, now=now)
        account_service.grant_role(
            session,
            person_id=ada.captain_id,
            challenge_id=challenge.id,
            role=Role.JUDGE,
            by="host",
            now=now,
        )
        cid = make.team(session, of=challenge, handle="cid")
        hosts = mergers.preview(session, challenge=challenge, ours=ada, theirs=cid, now=now)
    assert [each[:20] for each in found.obstacles] == [
        "Teams could merge un",
        "Together you are 2; ",
        "One of the teams can",
    ]
    assert hosts.obstacles[-1] == "A team with an organizer or a judge in it does not merge."


def test_chosen_finals_stay_while_they_fit_and_all_go_when_they_do_not(work: Work) -> None:
    with work() as session:
        challenge, ada, bob = pair(session, entry_rule=EntryRule.CHOSEN)
        cid = make.team(session, of=challenge, handle="cid")
        for team in (ada, bob, cid):
            receipt = make.submit(session, to=challenge, by=team, key="k")
            selection.choose(
                session,
                submission_id=receipt.submission_id,
                team_id=team.id,
                is_chosen=True,
                challenge=challenge,
                now=database_now(session),
            )
        two = merge(session, challenge, ada, bob)
        assert queries.chosen_count(session, team_id=two.id) == 2
        three = merge(session, challenge, two, cid)
        assert queries.chosen_count(session, team_id=three.id) == 0
        told = messages.messages(session, person_id=cid.captain_id).items[0].text
    assert told.endswith("none is chosen now, so choose again.")


def test_three_teams_that_became_one_have_one_ledger_and_one_lineage(work: Work) -> None:
    with work() as session:
        challenge, ada, bob = pair(session)
        cid = make.team(session, of=challenge, handle="cid")
        for team in (ada, bob, cid):
            make.submit(session, to=challenge, by=team, key="k")
        two = merge(session, challenge, cid, bob)
        three = merge(session, challenge, two, ada)
    with work() as session:
        assert three.id == ada.id
        assert set(accounts.lineage(session, ada.id)) == {ada.id, bob.id, cid.id}
        assert {accounts.current_team_id(session, each.id) for each in (ada, bob, cid)} == {ada.id}
        assert used(session, challenge, three) == (3, 3, 2)
        senders = session.exec(select(models.Submission.sender_team_id)).all()
        actions = session.exec(
            select(audit.AuditEvent.action).where(audit.AuditEvent.action == "submissions.merge")
        ).all()
    assert sorted(senders) == sorted(["", bob.id, cid.id])
    assert len(actions) == 2


def test_invites_into_the_team_that_is_gone_lead_nowhere(work: Work) -> None:
    with work() as session:
        challenge, ada, bob = pair(session)
        now = database_now(session)
        link = account_service.invite(
            session, team_id=bob.id, by=bob.captain_id, now=now, days=7, merge_deadline=None
        ).secret
        merge(session, challenge, ada, bob)
        with pytest.raises(BadLinkError):
            accounts.team_of_invite(session, code=link, now=now)


def test_person_who_gives_up_a_team_of_one_leaves_its_proposals_void(work: Work) -> None:
    with work() as session:
        challenge, ada, bob = pair(session)
        made = propose(session, challenge, ada, bob)
        account_service.leave_team(
            session, person_id=ada.captain_id, team_id=ada.id, now=database_now(session)
        )
        assert proposals.merger(session, made.id).state is MergerState.VOID
        with pytest.raises(MergerRefusedError):
            accept(session, challenge, made, by=bob.captain_id)


def test_merger_ends_with_its_deadline(work: Work) -> None:
    with work() as session:
        challenge, ada, bob = pair(session)
        made = propose(session, challenge, ada, bob)
        with pytest.raises(MergerRefusedError) as caught:
            mergers.accept(
                session,
                merger_id=made.id,
                challenge=challenge,
                by=bob.captain_id,
                now=challenge.phases[-1].closes_at,
            )
    assert caught.value.detail.startswith("Teams could merge until ")


def test_team_that_everybody_left_does_not_merge_and_is_counted_no_more(work: Work) -> None:
    with work() as session:
        challenge, ada, bob = pair(session)
        now = database_now(session)
        made = exclusions.disqualify(
            session,
            challenge=challenge,
            team_id=bob.id,
            reason=ReasonCode.COPIED,
            words="By mistake.",
            by="host",
            now=now,
        )
        exclusions.lift(
            session, exclusion_id=made.id, challenge=challenge, words="Sorry.", by="host", now=now
        )
        account_service.leave_team(session, person_id=bob.captain_id, team_id=bob.id, now=now)
    with work() as session:
        gone = accounts.team(session, bob.id)  # the disqualification names it
        found = mergers.preview(
            session, challenge=challenge, ours=ada, theirs=gone, now=database_now(session)
        )
        assert found.obstacles == ("Nobody is in the team bob any more.",)
        assert accounts.team_counts(session, challenge_ids=[challenge.id]) == {challenge.id: 1}
        with pytest.raises(MergerRefusedError, match="Nobody is in"):
            propose(session, challenge, ada, gone)
