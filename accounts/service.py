"""Every verb of accounts in one place; each is at home in the module it comes from."""

from palio.accounts.api_tokens import caller_of_token, make_token, revoke_token
from palio.accounts.links import (
    grant_role,
    make_join_link,
    revoke_join_links,
    revoke_role,
    use_join_link,
)
from palio.accounts.people import (
    end_all_sessions,
    set_admin,
    set_disabled,
    set_password,
    sign_up,
)
from palio.accounts.sessions import caller_of_session, check_password, log_in, log_out
from palio.accounts.teams import (
    accept_invite,
    create_team,
    invite,
    leave_team,
    lock_team,
    mark_first_submission,
    rename_team,
    solo_team,
)

__all__ = [
    "accept_invite",
    "caller_of_session",
    "caller_of_token",
    "check_password",
    "create_team",
    "end_all_sessions",
    "grant_role",
    "invite",
    "leave_team",
    "lock_team",
    "log_in",
    "log_out",
    "make_join_link",
    "make_token",
    "mark_first_submission",
    "rename_team",
    "revoke_join_links",
    "revoke_role",
    "revoke_token",
    "set_admin",
    "set_disabled",
    "set_password",
    "sign_up",
    "solo_team",
    "use_join_link",
]
