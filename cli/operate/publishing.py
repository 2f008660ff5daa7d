"""Sending a challenge to a server over HTTP and fetching its export: needs the client alone."""

import tempfile
import zipfile
from pathlib import Path

from palio.cli.client import config, show
from palio.cli.client.command import challenge_in_use, options, server_and_token
from palio.cli.client.commands.host import organizing
from palio.cli.client.errors import ClientError

LOCAL_FOLDER = Path("palio-data")


def is_local(data: Path | None, *, organizer: str = "") -> bool:
    """Tell whether a challenge goes straight into the server on this machine.

    --data, --organizer and PALIO_DATA_FOLDER say so, --server says no; otherwise it does unless
    somebody is signed in and there is no data folder here.

    Raises:
        ClientError: An organizer is named, and another server.

    """
    env = config.surroundings()
    if data is not None:
        return True
    if organizer and options().server:
        raise ClientError(
            "--organizer is for the server of this machine; elsewhere it is you who is signed in.",
            hint="Leave out --organizer, or --server.",
        )
    if organizer:
        return True
    if options().server or env.server:
        return False
    return env.has_data_folder or LOCAL_FOLDER.is_dir() or not server_and_token()[1]


def send(folder: Path) -> object:
    """Pack a challenge folder and publish it on the server in use."""
    if not (folder / "challenge.toml").is_file():
        raise ClientError(f"{folder} is not a challenge folder: it has no challenge.toml.")
    server, _ = server_and_token()
    with tempfile.TemporaryDirectory(prefix="palio-") as place, organizing() as api:
        pack = Path(place) / f"{folder.resolve().name}.zip"
        _zip(folder, pack)
        with show.transfer(pack.name) as progress:
            challenge = api.publish_challenge(pack, progress=progress)
    show.line(f"Published {challenge['slug']}: {server}/challenges/{challenge['slug']}")
    if challenge["prizes"]:
        show.line(f"How its prizes are funded: palio money show {challenge['slug']}", dim=True)
    return challenge


def export(challenge: str, out: Path | None) -> object:
    """Fetch the organizer's export of a challenge."""
    slug = challenge_in_use(challenge)
    target = out or Path(f"{slug}.zip")
    with organizing() as api:
        api.export(slug, target)
    show.line(f"Wrote {target} ({show.size_of(target.stat().st_size)}).")
    return {"challenge": slug, "file": str(target), "bytes": target.stat().st_size}


def _zip(folder: Path, pack: Path) -> None:
    """Pack the folder's files; hidden ones and links stay behind."""
    with zipfile.ZipFile(pack, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for path in sorted(folder.rglob("*")):
            name = path.relative_to(folder)
            is_hidden = any(part.startswith(".") for part in name.parts)
            if path.is_file() and not path.is_symlink() and not is_hidden:
                archive.write(path, name)
