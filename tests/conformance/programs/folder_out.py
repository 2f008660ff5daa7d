"""Makes predictions.csv a folder, with folders in it deeper than a path can be long."""

import os

from hostile import PREDICTIONS, say

os.mkdir(PREDICTIONS)
os.chdir(PREDICTIONS)
depth = 0
try:
    for _ in range(5000):
        os.mkdir("d" * 200)
        os.chdir("d" * 200)
        depth += 1
except OSError:
    pass
say("contained", f"{depth} folders deep")
