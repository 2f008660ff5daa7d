"""Signing in and out, and the tokens behind it."""

import platform
from typing import Annotated

import typer

from palio.cli.client import asking, config, show
from palio.cli.client.command import command, open_api, server_and_token
from palio.cli.client.config import Account
from palio.cli.client.errors import ApiError, ClientError

PANEL = "Account"
Server = Annotated[
    str, typer.Argument(metavar="[SERVER]", help="Address of the Palio server.", show_default=False)
]
Handle = Annotated[str, typer.Option(help="Your handle; asked for when missing.")]
FromStdin = Annotated[
    bool, typer.Option("--password-stdin", help="Read the password from standard input.")
]


def register(app: typer.Typer) -> None:
    """Add these commands to the program."""
    command(app, "login", panel=PANEL)(login)
    command(app, "logout", panel=PANEL)(logout)
    command(app, "sign-up", panel=PANEL)(sign_up)
    command(app, "whoami", panel=PANEL)(whoami)
    command(app, "messages", panel=PANEL)(read_messages)
    tokens = typer.Typer(no_args_is_help=True, help="Tokens by which programs speak for you.")
    command(tokens, "list")(list_tokens)
    command(tokens, "make")(make_token)
    command(tokens, "revoke")(revoke_token)
    app.add_typer(tokens, name="tokens", rich_help_panel=PANEL)


def login(
    server_address: Server = "",
    *,
    handle: Handle = "",
    token: Annotated[str, typer.Option(help="Use this token instead of a password.")] = "",
    scope: Annotated[
        str, typer.Option(help="What the token may do: read, submit or organize.")
    ] = "submit",
    password_stdin: FromStdin = False,
) -> object:
    """Sign in to a server; a token is kept in a file that only you can read."""
    server = _server(server_address)
    if not token:
        handle = handle or asking.word("handle", option="--handle")
        password = asking.password(from_stdin=password_stdin)
        return _sign_in(server, handle=handle, password=password, scope=scope)
    with open_api(server=server, token=token) as api:
        me = api.me()
    return _remember(server, handle=me["person"]["handle"], token=token, scope=me["scope"])


def logout() -> object:
    """Sign out: the token is revoked and forgotten."""
    server, _ = server_and_token()
    path = config.surroundings().path
    known = config.read(path)
    account = known.account(server)
    if not account.token:
        raise ClientError(f"You are not signed in to {server}.")
    config.write(path, known.with_account(server, Account(challenge=account.challenge)))
    try:
        with open_api(server=server, token=account.token) as api:
            api.revoke_token(account.token_id)
    except ApiError as error:
        show.line(f"Forgotten here, but not revoked on the server: {error.detail}", colour="yellow")
        return {"server": server, "revoked": False}
    show.line(f"Signed out of {server}.")
    return {"server": server, "revoked": True}


def sign_up(
    server_address: Server = "",
    *,
    handle: Handle = "",
    name: Annotated[str, typer.Option(help="Name shown beside your handle.")] = "",
    email: Annotated[str, typer.Option(help="Not needed for anything.")] = "",
    join_code: Annotated[str, typer.Option(help="Code of a join link, if you have one.")] = "",
    password_stdin: FromStdin = False,
) -> object:
    """Make an account and sign in."""
    server = _server(server_address)
    handle = handle or asking.word("handle", option="--handle")
    password = asking.password(from_stdin=password_stdin, twice=True)
    with open_api(server=server) as api:
        api.sign_up(
            handle=handle, password=password, display_name=name, email=email, join_code=join_code
        )
    return _sign_in(server, handle=handle, password=password, scope="submit")


def whoami() -> object:
    """Say who you are, on which server, and what your token may do."""
    server, _ = server_and_token()
    with open_api() as api:
        me = api.me()
    person = me["person"]
    show.facts(
        [
            ("handle", person["handle"]),
            ("name", person["display_name"]),
            ("admin", "yes" if person["is_admin"] else ""),
            ("token may", me["scope"]),
            ("server", server),
        ]
    )
    return dict(me) | {"server": server}


def read_messages(
    *,
    everything: Annotated[bool, typer.Option("--all", help="Those you have read as well.")] = False,
) -> object:
    """Read what you were told: prizes, cases, new scores, changed times. Oldest first."""
    with open_api() as api:
        told = [each for each in api.messages() if everything or not each["read_at"]][::-1]
        for each in told:
            about = f" {each['challenge']}" if each["challenge"] else ""
            show.line(f"{show.time_of(each['at'])}{about}", bold=True)
            for words in each["text"].splitlines():
                show.line(f"  {words}")
        if unread := [each["id"] for each in told if not each["read_at"]]:
            api.mark_read(unread)
    if not told:
        show.line("No messages." if everything else "Nothing new. What you have read: --all")
    return told


def list_tokens() -> object:
    """List your tokens; their secrets are never shown again."""
    with open_api() as api:
        tokens = api.tokens()
    show.table(
        ["id", "may", "expires", "last used", "name<"],
        [
            (
                token["id"],
                token["scope"],
                token["expires_at"][:10],
                "revoked"
                if token.get("revoked_at")
                else (token.get("last_used_at") or "never")[:10],
                token["name"],
            )
            for token in tokens
        ],
    )
    return tokens


def make_token(
    name: Annotated[str, typer.Argument(help="What it is for, e.g. cluster.")],
    *,
    scope: Annotated[str, typer.Option(help="read, submit or organize.")] = "submit",
    days: Annotated[int | None, typer.Option(help="Days until it expires.")] = None,
    challenge: Annotated[str, typer.Option(help="Only for this challenge.")] = "",
    handle: Handle = "",
    password_stdin: FromStdin = False,
) -> object:
    """Make a token for a program; asks for your password and shows the token this once."""
    server, _ = server_and_token()
    known = config.read(config.surroundings().path).account(server)
    handle = handle or known.handle or asking.word("handle", option="--handle")
    password = asking.password(from_stdin=password_stdin)
    with open_api(server=server) as api:
        made = api.make_token(
            name=name, handle=handle, password=password, scope=scope, days=days, challenge=challenge
        )
    show.line(made["token"], bold=True)
    show.line(f"Shown this once. Valid until {show.time_of(made['expires_at'])}.")
    show.line("Programs take it from the environment variable PALIO_TOKEN.", dim=True)
    return made


def revoke_token(token_id: Annotated[str, typer.Argument(metavar="ID")]) -> object:
    """Make a token useless at once."""
    with open_api() as api:
        api.revoke_token(token_id)
    show.line(f"Token {token_id} is revoked.")
    return {"id": token_id, "revoked": True}


def _server(given: str) -> str:
    return config.address(given) if given else server_and_token()[0]


def _sign_in(server: str, *, handle: str, password: str, scope: str) -> object:
    with open_api(server=server) as api:
        made = api.make_token(
            name=f"palio on {platform.node() or 'a computer'}"[:60],
            handle=handle,
            password=password,
            scope=scope,
        )
    return _remember(server, handle=handle, token=made["token"], token_id=made["id"], scope=scope)


def _remember(server: str, *, handle: str, token: str, scope: str, token_id: str = "") -> object:
    path = config.surroundings().path
    known = config.read(path)
    parts = token.split("_")
    account = Account(
        handle=handle,
        token=token,
        token_id=token_id or (parts[1] if len(parts) > 2 else ""),  # noqa: PLR2004 (palio_<id>_<secret>)
        challenge=known.account(server).challenge,
    )
    config.write(path, known.with_account(server, account))
    show.line(f"Signed in to {server} as {handle}.")
    show.line(f"The token is kept in {path}.", dim=True)
    return {"server": server, "handle": handle, "scope": scope, "config": str(path)}
