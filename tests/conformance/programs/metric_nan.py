"""A metric whose answer is no score: the box takes the file, whoever parses it refuses."""

from hostile import GOOD, OUT, PREDICTIONS, say

with open(f"{OUT}/scores.json", "w", encoding="ascii") as file:
    file.write('{"score": NaN}')
with open(PREDICTIONS, "w", encoding="ascii") as file:
    file.write(GOOD)
say("contained", "NaN written")
