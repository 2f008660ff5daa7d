"""Runs programs from /tmp, /output and memory; the first two are mounted so that it fails."""

import os
import shutil
import subprocess

from hostile import OUT, TMP, good, judge, why

good()
ran = []
answers = []
for folder in (TMP, OUT):
    path = f"{folder}/tool"
    shutil.copy("/usr/bin/env", path)
    os.chmod(path, 0o755)
    try:
        subprocess.run([path, "-0"], check=True)
        ran.append(folder)
    except OSError as error:
        answers.append(f"{folder} {why(error)}")
judge(ran, answers)
os.unlink(f"{OUT}/tool")
