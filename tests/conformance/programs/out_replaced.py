"""Removes, renames and overlays /output itself."""

import os

from hostile import OUT, good, judge, why

done = []
answers = []
for name, change in {
    "rmdir": lambda: os.rmdir(OUT),
    "rename": lambda: os.rename(OUT, "/tmp/o"),
    "link": lambda: os.symlink("/etc", f"{OUT}2"),
}.items():
    try:
        change()
        done.append(name)
    except OSError as error:
        answers.append(why(error))
good()
judge(done, answers)
