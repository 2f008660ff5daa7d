"""The API's description: complete, with examples, and no table behind any answer."""

from typing import Any

from sqlmodel import SQLModel
from tests.web.routes import routes_of
from tests.web.site import Site

OPERATIONS = {
    "accept_invite", "accept_rules", "archive_challenge", "check_file", "choose_submission",
    "clear_alarm", "confirm_award", "create_account", "create_invite", "create_join_link",
    "create_submission", "create_team", "create_token", "decline_award", "download_data",
    "export_challenge", "extend_phase", "grant_tries", "leave_team", "list_awards",
    "list_challenges", "list_data", "list_submissions", "list_tokens", "publish_challenge",
    "read_challenge", "read_health", "read_host", "read_host_runs", "read_leaderboard",
    "read_leaderboard_csv", "read_race", "read_shakeup", "explain_row", "read_me", "read_quota",
    "read_rules", "read_submission",
    "read_submission_file", "read_team", "rename_team", "revoke_token",
    "appeal_case", "ask_scan", "decide_appeal", "decide_case", "dismiss_finding", "drop_case",
    "list_cases", "notify_team", "open_case", "read_case", "read_evidence", "reply_to_case",
    "list_messages", "read_messages", "list_log_entries", "prove_consistency", "prove_inclusion",
    "read_finals", "list_exclusions", "count_exclusions", "make_exclusion", "lift_exclusion",
    "list_team_exclusions", "withdraw_submission", "list_mergers", "preview_merger",
    "propose_merger", "decide_merger",
    "confirm_arrival", "declare_division", "hand_in_code", "move_award", "propose_split",
    "read_award", "read_division", "read_prizes", "record_gate", "record_payment",
    "record_return", "sign_split",
    "list_openings", "open_answers", "read_opening",
    "read_bundle", "read_checkpoint", "read_key", "read_log", "read_receipt",
    "abandon_rescore", "apply_rescore", "list_corrections", "read_rescore", "rescore_answers",
    "rescore_metric", "rescore_metrics", "retry_rescore", "undo_rescore",
    "export_ledger", "make_deposit", "make_pledge", "make_refund", "make_reversal", "read_funding",
    "read_ledger", "record_fee_payout", "record_tax", "take_fee",
    "choose_profile", "make_invitations", "make_rating", "make_thanks", "read_feedback",
    "read_profile",
}  # fmt: skip


def operations(site: Site) -> dict[str, dict[str, Any]]:
    document = site.spectator().get("/api/v1/openapi.json").json()
    return {
        operation["operationId"]: {**operation, "schemas": document["components"]["schemas"]}
        for methods in document["paths"].values()
        for operation in methods.values()
    }


def test_operation_ids_are_the_published_ones(site: Site) -> None:
    assert set(operations(site)) == OPERATIONS


def test_no_answer_is_made_from_a_table(site: Site) -> None:
    models = [
        route.response_model
        for route in routes_of(site.app)
        if isinstance(route.response_model, type)
    ]
    assert [model for model in models if issubclass(model, SQLModel)] == []


def has_example(content: dict[str, Any], schemas: dict[str, Any]) -> bool:
    media = next(iter(content.values()))
    name = media.get("schema", {}).get("$ref", "").rpartition("/")[2]
    return "example" in media or "examples" in schemas.get(name, {})


def test_every_json_body_has_an_example(site: Site) -> None:
    without = []
    for name, operation in operations(site).items():
        schemas = operation["schemas"]
        body = operation.get("requestBody", {}).get("content")
        if body and not has_example(body, schemas):
            without.append((name, "request"))
        for status, answer in operation["responses"].items():
            content = answer.get("content", {})
            is_json = status.startswith("2") and "application/json" in content
            if is_json and not has_example(content, schemas):
                without.append((name, status))
    assert without == []


def test_every_operation_documents_its_problems(site: Site) -> None:
    without = [
        name
        for name, operation in operations(site).items()
        if name != "read_health"
        and "application/problem+json" not in operation["responses"]["400"].get("content", {})
    ]
    assert without == []
