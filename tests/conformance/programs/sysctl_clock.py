"""Sets the clock, the priority and the scheduler to its own liking."""

import os

from hostile import good, judge, why

good()
got = []
answers = []
for name, change in {
    "realtime": lambda: os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(50)),
    "nice": lambda: os.setpriority(os.PRIO_PROCESS, 0, -10),
    "clock": lambda: __import__("time").clock_settime(0, 0),
    "hostname": lambda: __import__("socket").sethostname("owned"),
    "raise limits": lambda: __import__("resource").setrlimit(7, (1 << 20, 1 << 20)),
}.items():
    try:
        change()
        got.append(name)
    except (OSError, ValueError) as error:
        answers.append(f"{name} {why(error)}")
judge(got, answers)
