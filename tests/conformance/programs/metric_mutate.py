"""A metric that rewrites the labels and predictions it is given."""

import os

from hostile import IN, good, judge, why

good()
changed = []
answers = set()
for path in (f"{IN}/ref/labels.csv", f"{IN}/res/predictions.csv", f"{IN}/ref/new", f"{IN}/new"):
    for change in (lambda p: open(p, "a").write("x"), os.unlink, lambda p: os.chmod(p, 0o777)):
        try:
            change(path)
            changed.append(path)
        except OSError as error:
            answers.add(why(error))
judge(changed, sorted(answers))
