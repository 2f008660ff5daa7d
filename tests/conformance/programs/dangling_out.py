"""Makes predictions.csv a link to a good file beside it."""

import os

from hostile import OUT, PREDICTIONS, good, say

good(f"{OUT}/good.csv")
os.symlink("good.csv", PREDICTIONS)
say("contained", "a link, if to a good file")
