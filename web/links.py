"""Makes addresses of this site in messages into links: nobody types one by hand on a phone."""

import re

from markupsafe import Markup, escape

_ADDRESS = re.compile(r"(?<![\w/])/challenges/[a-z0-9-]+(?:/[a-z0-9_-]+)*", re.ASCII)


def linked(text: str) -> Markup:
    """Return a text for a page: everything escaped, paths below /challenges as links."""
    parts, end = [], 0
    for found in _ADDRESS.finditer(text):
        parts += [escape(text[end : found.start()]), _link(found[0])]
        end = found.end()
    return Markup("").join([*parts, escape(text[end:])])


def _link(path: str) -> Markup:
    return Markup('<a href="{0}">{0}</a>').format(path)
