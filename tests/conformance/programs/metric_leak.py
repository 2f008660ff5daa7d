"""A metric that prints the labels and raises an error that quotes them."""

import os

from hostile import IN, say

labels = open(f"{IN}/ref/labels.csv", encoding="ascii").read()
os.write(2, f"labels are: {labels[:200]}\n".encode())
say("contained", "labels printed: not for participants")
raise ValueError("could not convert string to float: " + labels[:80])
