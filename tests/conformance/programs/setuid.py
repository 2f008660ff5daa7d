"""Becomes root: by setuid, by setuid files of the root, by capabilities."""

import os
import subprocess

from hostile import TMP, good, judge, raw, succeeded, why

good()
got = []
answers = []
for name, change in (
    ("setuid", lambda: os.setuid(0)),
    ("setgid", lambda: os.setgid(0)),
    ("setgroups", lambda: os.setgroups([0])),
    ("setresuid", lambda: os.setresuid(0, 0, 0)),
):
    try:
        change()
        got.append(name)
    except OSError as error:
        answers.append(f"{name} {why(error)}")
status = dict(line.split(":\t", 1) for line in open("/proc/self/status") if ":\t" in line)
got += [
    f"{name} {status[name]}"
    for name in ("CapEff", "CapPrm", "CapBnd", "CapAmb", "CapInh")
    if int(status[name], 16)
]
if status.get("NoNewPrivs", "1").strip() != "1":
    got.append("may gain privileges")
if os.getuid() == 0 or os.geteuid() == 0:
    got.append("is root")
head = (0x20080522).to_bytes(4, "little") + b"\0" * 4
if succeeded(raw((126, head, b"\xff" * 24))[0]):
    got.append("capset")
for program in ("/bin/su", "/usr/bin/sudo", "/bin/mount", "/usr/bin/newuidmap"):
    if os.path.exists(program) and os.stat(program).st_mode & 0o4000:
        done = subprocess.run([program, "-c", "id -u"], capture_output=True, check=False, stdin=0)
        if done.stdout.strip() == b"0":
            got.append(program)
try:
    with open("/usr/bin/env", "rb") as source, open(f"{TMP}/root", "wb") as target:
        target.write(source.read())
    os.chmod(f"{TMP}/root", 0o6755)
    os.chown(f"{TMP}/root", 0, 0)
    got.append("chown to root")
except OSError as error:
    answers.append(f"chown {why(error)}")
judge(got, answers)
