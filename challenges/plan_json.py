"""How a plan is kept in the database: one JSON text that reads back as the same plan."""

from pydantic import TypeAdapter

from palio.challenges.contracts import ChallengePlan

_PLAN = TypeAdapter(ChallengePlan)


def plan_to_json(plan: ChallengePlan) -> str:
    """Write a plan; times as ISO 8601 with offset, amounts as integer minor units."""
    return _PLAN.dump_json(plan).decode()


def plan_from_json(text: str) -> ChallengePlan:
    """Read what `plan_to_json` wrote.

    Raises:
        pydantic.ValidationError: It is not such a text.

    """
    return _PLAN.validate_json(text)
