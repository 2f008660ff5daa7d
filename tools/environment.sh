#!/bin/sh
# Build .venv from a lock file: tools/environment.sh demo|dev
# Needs Python >= 3.11 and nothing else. Does nothing when the environment is already in step.
set -eu
cd "$(dirname "$0")/.."
set_name=$1
lock="locks/$set_name.txt"
stamp=".venv/.ready-$set_name"
wanted=$(cat "$lock" pyproject.toml | cksum)

if [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$wanted" ]; then
    exit 0
fi

say() { printf 'palio: %s\n' "$*" >&2; }

find_python() {
    for name in ${PYTHON:-} python3 python3.14 python3.13 python3.12 python3.11; do
        if "$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            echo "$name"
            return
        fi
    done
    say "Python 3.11 or newer is needed (on Debian: apt-get install python3)."
    exit 1
}

make_venv() {
    "$1" -m venv .venv >/dev/null 2>&1 && return
    rm -rf .venv
    # Debian keeps the venv module in a package of its own.
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        say "installing Debian's python3-venv (this Python comes without it)"
        apt-get update -qq >/dev/null && apt-get install -y -qq python3-venv >/dev/null
        "$1" -m venv .venv && return
    fi
    say "Python's venv module is missing. On Debian or Ubuntu: sudo apt-get install python3-venv"
    exit 1
}

python=$(find_python)
[ -x .venv/bin/python ] || make_venv "$python"

with_uv() {
    .venv/bin/uv pip install -q --python .venv/bin/python --require-hashes -r "$lock" "$@" &&
        .venv/bin/uv pip install -q --python .venv/bin/python --no-deps -e . "$@"
}

with_pip() {
    .venv/bin/python -m pip install -q --disable-pip-version-check --require-hashes -r "$lock" &&
        .venv/bin/python -m pip install -q --disable-pip-version-check --no-deps -e .
}

say "installing what $set_name needs into .venv (once; later starts skip this)"
# The second try: where an authority of the machine's own signs, uv has to be told.
if .venv/bin/python -m pip install -q --disable-pip-version-check --require-hashes -r locks/uv.txt &&
    { with_uv 2>/dev/null || with_uv --system-certs; }; then
    echo "$wanted" >"$stamp"
    exit 0
fi
say "the fast installer did not work here; using pip"
with_pip
echo "$wanted" >"$stamp"
