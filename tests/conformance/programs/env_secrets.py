"""Looks for credentials in its environment and in the usual files."""

import os

from hostile import good, judge

good()
words = ("SECRET", "TOKEN", "PASSWORD", "DATABASE", "BROKER", "REDIS", "AWS", "PALIO_")
found = [
    name
    for name, value in os.environ.items()
    if "CANARY-" in value or any(word in name for word in words)
]
found += [
    path
    for path in (
        "/root/.pgpass",
        "/root/.netrc",
        "/root/.docker/config.json",
        "/run/secrets",
        "/var/run/secrets",
        "/.env",
        "/root/.aws/credentials",
        "/root/.ssh",
    )
    if os.path.exists(path)
]
judge(found, sorted(os.environ))
