"""Which requests a browser may have been tricked into sending (ASVS 3.5)."""

from collections.abc import Mapping

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


def is_forgeable(
    method: str, headers: Mapping[str, str], *, own_origins: frozenset[str], is_api: bool
) -> bool:
    """Say whether the request must be refused because another site may have made it.

    A bearer token is never sent by a browser on its own, so such a request is always ours.
    Otherwise the browser must say that it comes from here; a program without cookies, which
    says nothing, may use the API but not the forms.
    """
    if method in SAFE_METHODS or headers.get("authorization"):
        return False
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site not in ("same-origin", "none")
    origin = headers.get("origin")
    if origin is not None:
        return origin not in own_origins
    return bool(headers.get("cookie")) or not is_api
