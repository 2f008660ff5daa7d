"""Nothing hostile: trains a small model with the packages of the published runtime."""

import threading

import numpy as np
import pandas as pd
from hostile import IN, PREDICTIONS, say
from sklearn.ensemble import RandomForestRegressor
from sklearn.linear_model import Ridge

features = pd.read_csv(f"{IN}/features.csv", index_col="id")
chance = np.random.default_rng(1)
shape = chance.normal(size=(500, 8))
target = shape @ np.arange(8)
forest = RandomForestRegressor(n_estimators=8, n_jobs=2, random_state=1).fit(shape, target)
ridge = Ridge().fit(shape, target)
threads = [threading.Thread(target=lambda: shape @ shape.T) for _ in range(4)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
say("contained", f"{forest.score(shape, target):.2f} {ridge.score(shape, target):.2f}")
features.assign(y=0.5)[["y"]].to_csv(PREDICTIONS)
