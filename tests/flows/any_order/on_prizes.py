"""What is true of prizes and money: one list of winners, one balance, and both agree."""

from collections import Counter, defaultdict
from collections.abc import Callable
from itertools import pairwise

from tests.flows.any_order.look import Look, Row

from palio.challenges.prize_contracts import PrizeKind
from palio.escrow import queries as funds
from palio.escrow import trial
from palio.escrow.contracts import PaymentState
from palio.leaderboard import queries as boards
from palio.leaderboard.contracts import Board
from palio.prizes import queries as prizes
from palio.prizes import states
from palio.prizes.contracts import AwardState

_S, _P = AwardState, PaymentState


def the_books_balance(look: Look) -> None:
    """In each currency everything adds up to zero, and nothing that is held is below zero."""
    assert all(line.is_sound for line in trial.trial_balance(look.session))
    sums: Counter[str] = Counter()
    for account in look.rows("ledger_account"):
        sums[account.currency] += account.balance
        assert account.kind == "outside" or account.balance >= 0
    assert not any(sums.values())
    assert all(row.is_sealed for row in look.rows("ledger_transaction"))


def awards_and_books_agree(look: Look) -> None:
    """What the ledger calls awarded: what awards with money in them are of, and tax of lost ones.

    Tax that was passed on stays with the office when the award is taken back.
    """
    given = _tax_of_lost(look)
    for row in look.rows("award"):
        assert (AwardState(row.state) in states.GIVEN) or not row.escrow_key
        if row.escrow_key:
            given[row.currency] += row.minor
    found = {line.currency: line.awarded for line in funds.funding(look.session, look.challenge.id)}
    assert given == Counter({currency: minor for currency, minor in found.items() if minor})


def _tax_of_lost(look: Look) -> Counter[str]:
    lost = {row.id for row in look.rows("award") if not row.escrow_key}
    paid = {
        row.id: row.currency
        for row in look.rows("ledger_transaction")
        if row.deed == "tax_paid" and row.award_id in lost
    }
    outside = {row.id for row in look.rows("ledger_account") if row.kind == "outside"}
    found: Counter[str] = Counter()
    for line in look.rows("ledger_posting"):
        if line.transaction_id in paid and line.account_id in outside:
            found[paid[line.transaction_id]] += line.minor
    return Counter({currency: minor for currency, minor in found.items() if minor})


def payments_are_where_the_award_stands(look: Look) -> None:
    for row in look.rows("award"):
        found = set(prizes.payments(look.session, row.id).values())
        match AwardState(row.state):
            case _S.PAYABLE | _S.RETURNED:
                assert _P.PAYABLE in found
            case _S.SENT:
                assert found <= {_P.SENT, _P.PAID}
                assert _P.SENT in found
            case _S.CONFIRMED:
                assert found <= {_P.PAID}
            case _:
                assert not found


def awards_go_by_the_table_of_moves(look: Look) -> None:
    """The last step is the state, and every step follows from the one before."""
    awards = [row.id for row in look.rows("award")]
    steps = prizes.steps(look.session, award_ids=awards)
    for row in look.rows("award"):
        ways = [step.state for step in steps[row.id]]
        assert ways[-1].value == row.state
        for before, after in pairwise(ways):
            assert states.may_move(before, after), (before, after)


def live(look: Look) -> list[Row]:
    """The awards of this round that are not lost."""
    return look.only(
        "award",
        lambda row: row.round == look.challenge.round and AwardState(row.state) not in states.LOST,
    )


def no_prize_is_given_twice(look: Look) -> None:
    """One live list of winners: what stands on a prize is at most the prize."""
    totals: Counter[tuple[str, str]] = Counter()
    for row in live(look):
        totals[row.pot, row.currency] += row.minor
    declared = _declared(look)
    for key, minor in totals.items():
        assert minor <= declared[key], key
    holders = Counter((row.pot, row.currency, row.team_id) for row in live(look))
    assert set(holders.values()) <= {1}
    gone = {row.id for row in look.rows("team") if row.merged_into_id}
    assert not gone & {row.team_id for row in live(look)}


def _declared(look: Look) -> Counter[tuple[str, str]]:
    """What the rules give in each pot, by currency."""
    found: Counter[tuple[str, str]] = Counter()
    for number, prize in enumerate(look.challenge.plan.prizes):
        key = prize.money.currency
        if prize.kind is PrizeKind.RANK:
            found[prize.kind.value, key] += prize.money.minor
        elif prize.kind is PrizeKind.THRESHOLD:
            found[f"{prize.kind.value}:{number}", key] += prize.money.minor
        for date in prize.dates:
            found[f"{prize.kind.value}:{number}:{date.isoformat()}", key] += prize.money.minor
    return found


def every_prize_has_its_winner(look: Look) -> None:
    """After the reveal what stands on the places is the whole prize, while teams suffice."""
    plan = look.challenge.plan
    places = [prize for prize in plan.prizes if prize.kind is PrizeKind.RANK]
    if not look.is_revealed or not places:
        return
    out, _ = look.excluded
    own = look.only("award", lambda row: row.pot == "rank" and row.round == look.challenge.round)
    lost = {
        row.team_id
        for row in own
        if AwardState(row.state) in states.PASSED_OVER
        and not (row.state == "disqualified" and row.team_id not in out)
    }
    holders = {row.team_id for row in live(look) if row.pot == "rank"}
    takers = (_ranked(look) - lost - out) | holders
    if len(takers) < max(prize.rank for prize in places):
        return
    totals: Counter[tuple[str, str]] = Counter()
    for row in live(look):
        totals[row.pot, row.currency] += row.minor
    for (pot, currency), minor in _declared(look).items():
        if pot == "rank":
            assert totals[pot, currency] == minor


def _ranked(look: Look) -> set[str]:
    board = boards.latest(look.session, challenge_id=look.challenge.id, board=Board.PRIVATE)
    assert board is not None
    return {row.team_id for row in board.standings if row.rank is not None}


def open_awards_follow_the_board(look: Look) -> None:
    """Nobody waits for a prize who is disqualified, or for another entry than the one that won."""
    if not look.is_revealed:
        return
    out, _ = look.excluded
    board = boards.latest(look.session, challenge_id=look.challenge.id, board=Board.PRIVATE)
    assert board is not None
    rows = {row.team_id: row for row in board.standings if row.rank is not None}
    for award in live(look):
        if award.kind == "progress" or AwardState(award.state) not in states.UNDECIDED:
            continue
        assert award.team_id not in out
        row = rows[award.team_id]
        assert (award.submission_id, award.score) == (row.submission_id, str(row.score))


def shares_are_the_award(look: Look) -> None:
    """A frozen split adds up to the award to the last cent."""
    sums: dict[str, int] = defaultdict(int)
    for share in look.rows("award_share"):
        sums[share.award_id] += share.minor or 0
    for row in look.rows("award"):
        if row.escrow_key:
            assert sums[row.id] == row.minor


PROMISES: tuple[Callable[[Look], None], ...] = (
    the_books_balance,
    awards_and_books_agree,
    payments_are_where_the_award_stands,
    awards_go_by_the_table_of_moves,
    no_prize_is_given_twice,
    every_prize_has_its_winner,
    open_awards_follow_the_board,
    shares_are_the_award,
)
