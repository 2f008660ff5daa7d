"""What one web process holds: connections and caches, made once, never any sealed answers."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address

from fastapi import Request
from sqlalchemy import Engine

from palio.accounts.passwords import Passwords
from palio.core.notes import Signer
from palio.core.queue import Message
from palio.core.settings import Settings
from palio.core.storage import Storage
from palio.web.boards import BoardCache
from palio.web.buckets import Group, Limiter
from palio.web.packs import SealedDoor
from palio.web.rowids import RowIdsCache

_HOUSEHOLD_BITS = 64  # of an IPv6 address, for the machines of one household


@dataclass(frozen=True, slots=True)
class WebState:
    """Collaborators of every request.

    Attributes:
        sealed_door: Where a published challenge's answers go in; nothing comes out of it here.
        hidden_door: The same for the features that participants' programs will read.
        key: Signs form proofs.
        signer: Signs receipts and the log.
        checkers: Threads that read prediction files for `checks`; few, so that checks cannot
            take the server's processors from everything else.

    """

    settings: Settings
    engine: Engine
    storage: Storage
    sealed_door: SealedDoor
    hidden_door: SealedDoor
    passwords: Passwords
    send: Callable[[Message], None]
    key: bytes
    signer: Signer
    limiter: Limiter
    boards: BoardCache
    row_ids: RowIdsCache
    checkers: ThreadPoolExecutor

    @property
    def is_https(self) -> bool:
        """Whether people reach the server over https; cookies depend on it."""
        return self.settings.url.startswith("https://")

    @property
    def cookie_name(self) -> str:
        """Name of the session cookie; ``__Host-`` pins it to this host, needs https."""
        return "__Host-palio" if self.is_https else "palio"


def state_of(request: Request) -> WebState:
    """Return the process's state."""
    state: WebState = request.app.state.palio
    return state


def address_of(request: Request) -> str:
    """Return where the request came from, as the server or its proxy saw it.

    Of an IPv6 address it is the household's network: one machine has 2**64 addresses to try from.
    """
    host = request.client.host if request.client else "unknown"
    try:
        address = ip_address(host)
    except ValueError:
        return host
    if isinstance(address, IPv4Address) or address.is_loopback:
        return host
    network = IPv6Address(int(address) >> _HOUSEHOLD_BITS << _HOUSEHOLD_BITS)
    return str(address.ipv4_mapped or network)


def limit(request: Request, group: Group) -> None:
    """Count the request against its group's rate; raises `TooManyRequestsError`."""
    state_of(request).limiter.check(group, address=address_of(request), at=time.monotonic())
