"""Makes predictions.csv a link to what only the worker may read."""

import os

from hostile import OUT, PREDICTIONS, say

os.symlink(os.environ.get("LABELS_ON_HOST", "/etc/shadow"), PREDICTIONS)
os.symlink("/", f"{OUT}/all")
say("contained", "links made")
