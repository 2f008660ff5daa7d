"""Forks itself for each request, with pandas loaded already: a second saved for each run.

A request is a line of JSON: argv (after the interpreter), cwd, log, seconds. The answer is the exit
code as a shell tells it; 142 when the time was over.
"""

import importlib
import io
import json
import os
import runpy
import signal
import sys
from typing import Any


def run(request: dict[str, Any]) -> int:
    child = os.fork()
    if child == 0:
        become(request)
    _, status = os.waitpid(child, 0)
    code = os.waitstatus_to_exitcode(status)
    return code if code >= 0 else 128 - code


def become(request: dict[str, Any]) -> None:
    code = 1
    try:
        log = os.open(request["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        os.dup2(log, 1)
        os.dup2(log, 2)
        sys.stdout = sys.stderr = io.TextIOWrapper(io.FileIO(1, "w"), "utf-8", write_through=True)
        signal.alarm(request["seconds"])
        os.chdir(request["cwd"])
        sys.argv = [word for word in request["argv"] if word not in ("-P", "-s")]
        try:
            runpy.run_path(sys.argv[0], run_name="__main__")
            code = 0
        except SystemExit as ended:
            code = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
        except BaseException as error:  # noqa: BLE001 (as the interpreter does)
            sys.excepthook(type(error), error, error.__traceback__)
    finally:
        os._exit(code)


if __name__ == "__main__":
    for name in ("numpy", "pandas"):
        importlib.import_module(name)
    for line in sys.stdin:
        sys.stdout.write(f"{run(json.loads(line))}\n")
        sys.stdout.flush()
