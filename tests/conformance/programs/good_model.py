"""Nothing hostile: reads features, uses threads, a child process, /tmp, writes predictions."""

import multiprocessing
import subprocess
import tempfile
import threading

from hostile import IN, PREDICTIONS, say

thread = threading.Thread(target=lambda: sum(range(1000)))
thread.start()
thread.join()
subprocess.run(["/bin/true"], check=True)
with tempfile.NamedTemporaryFile() as file:
    file.write(b"x" * 100_000)
child = multiprocessing.Process(target=sum, args=([1, 2],))
child.start()
child.join()
rows = open(f"{IN}/features.csv", encoding="ascii").read().split()[1:]
with open(PREDICTIONS, "w", encoding="ascii") as out:
    out.write("id,y\n" + "".join(row.split(",")[0] + ",0.5\n" for row in rows))
print("done")
say("contained", "good")
