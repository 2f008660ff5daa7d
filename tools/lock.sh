#!/bin/sh
# Renew locks/*.txt: every version and hash, no download addresses.
set -eu
cd "$(dirname "$0")/.."
compile() {
    .venv/bin/uv pip compile -q --universal --python-version 3.11 --generate-hashes \
        --no-emit-index-url --no-header --no-annotate "$@"
}
compile --upgrade --extra dev -o locks/dev.txt pyproject.toml
compile -c locks/dev.txt --extra demo -o locks/demo.txt pyproject.toml
compile -c locks/dev.txt --extra server -o locks/server.txt pyproject.toml
echo uv | compile -o locks/uv.txt -
# What code submissions can import; the versions are those we test with.
printf 'numpy\npandas\nscikit-learn\ntzdata\n' |
    compile -c locks/dev.txt -o sandbox/runtime/requirements.txt -
