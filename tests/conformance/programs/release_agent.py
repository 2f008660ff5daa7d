"""Leaves through a control group: finds one it may write, names an agent for the host to run."""

import os

from hostile import TMP, good, judge, raw, succeeded, why

good()
got = []
answers = []
os.makedirs(f"{TMP}/cg", exist_ok=True)
for kind, options in ((b"cgroup", b"memory"), (b"cgroup", b"rdma"), (b"cgroup2", b"")):
    answer = raw((165, b"none", f"{TMP}/cg".encode(), kind, 0, options))[0]
    answers.append(answer)
    if succeeded(answer):
        got.append(f"{kind!r} mounted")
for folder, folders, files in os.walk("/sys/fs/cgroup"):
    for name in files:
        if name in (
            "release_agent",
            "cgroup.procs",
            "tasks",
            "memory.max",
            "pids.max",
            "cgroup.kill",
            "memory.limit_in_bytes",
            "notify_on_release",
        ):
            try:
                os.close(os.open(f"{folder}/{name}", os.O_WRONLY))
                got.append(f"{folder}/{name}")
            except OSError as error:
                answers.append(why(error))
    folders[:] = folders[:20]
judge(got[:5], sorted(set(answers)))
