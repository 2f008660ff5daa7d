"""What the client remembers between commands: servers, tokens, the challenge in use.

The file is ``~/.config/palio/config.toml`` (or ``PALIO_CONFIG``), readable by its owner alone.
``PALIO_SERVER`` and ``PALIO_TOKEN`` win over it. Besides `palio.core.settings` this is the one
place that reads the environment: the client cannot import the server's settings.
"""

import json
import os
import tempfile
import tomllib
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from urllib.parse import urlsplit

from palio.cli.client.errors import ClientError

DEFAULT_SERVER = "http://127.0.0.1:8300"


class ConfigError(ClientError):
    """The configuration file cannot be read or written."""


@dataclass(frozen=True, slots=True)
class Account:
    """What is known of one server: the token, whose it is, the challenge in use."""

    handle: str = ""
    token: str = ""
    token_id: str = ""
    challenge: str = ""


@dataclass(frozen=True, slots=True)
class Config:
    """The configuration file: accounts by server address, and the server in use."""

    server: str = ""
    accounts: dict[str, Account] = field(default_factory=dict)

    def account(self, server: str) -> Account:
        """Return what is known of a server."""
        return self.accounts.get(server, Account())

    def with_account(self, server: str, account: Account) -> "Config":
        """Return a configuration that knows this, with this server in use."""
        return replace(self, server=server, accounts=self.accounts | {server: account})


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the environment says; empty = nothing."""

    path: Path
    server: str
    token: str
    has_data_folder: bool  # a server of one's own is set up here


def surroundings() -> Surroundings:
    """Read the client's environment variables."""
    env = os.environ  # noqa: TID251 (the client has no server settings to read through)
    folder = Path(env.get("XDG_CONFIG_HOME") or "~/.config").expanduser()
    path = Path(env["PALIO_CONFIG"]) if env.get("PALIO_CONFIG") else folder / "palio/config.toml"
    return Surroundings(
        path=path,
        server=env.get("PALIO_SERVER", ""),
        token=env.get("PALIO_TOKEN", ""),
        has_data_folder=bool(env.get("PALIO_DATA_FOLDER")),
    )


def cache_folder() -> Path:
    """Return the folder for what can be made anew."""
    given = os.environ.get("XDG_CACHE_HOME")  # noqa: TID251 (the client has no server settings)
    return Path(given or "~/.cache").expanduser() / "palio"


def is_colour_wanted() -> bool:
    """Tell whether nobody has said no to colours (no-color.org)."""
    return not os.environ.get("NO_COLOR")  # noqa: TID251 (the client has no server settings)


def address(text: str) -> str:
    """Return a server address as it is stored: with scheme, without trailing slash.

    Without a scheme, this machine is spoken to in plain HTTP and any other in HTTPS.
    """
    if "://" not in text:
        host = urlsplit(f"//{text}").hostname or ""
        text = f"http{'' if host in ('localhost', '127.0.0.1', '::1') else 's'}://{text}"
    return text.rstrip("/")


def read(path: Path) -> Config:
    """Read the file; an absent one is an empty one. Raises `ConfigError`."""
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
        accounts = {name: Account(**entry) for name, entry in data.get("servers", {}).items()}
        return Config(server=str(data.get("server", "")), accounts=accounts)
    except FileNotFoundError:
        return Config()
    except OSError as error:
        raise ConfigError(f"Cannot read {path}: {error.strerror}.") from error
    except (ValueError, TypeError, AttributeError) as error:
        raise ConfigError(
            f"{path} is not a configuration of palio: {error}.",
            hint="Remove the file and sign in again with: palio login",
        ) from error


def write(path: Path, config: Config) -> None:
    """Write the file whole, readable by its owner alone. Raises `ConfigError`."""
    lines = [f"server = {_quoted(config.server)}"]
    for server, account in config.accounts.items():
        lines += ["", f"[servers.{_quoted(server)}]"]
        lines += [f"{name} = {_quoted(text)}" for name, text in asdict(account).items() if text]
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        # mkstemp makes the file 0600 before the token is in it.
        handle, part = tempfile.mkstemp(dir=path.parent, prefix=".config")
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write("\n".join(lines) + "\n")
        Path(part).replace(path)
    except OSError as error:
        raise ConfigError(f"Cannot write {path}: {error.strerror}.") from error


def _quoted(text: str) -> str:
    """Quote a TOML basic string; JSON's quoting fits but for DEL."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
