"""
Edges and heavy tails
=====================

Rain is never negative, cloud cover lies between 0 and 1, and market returns have power-law tails. A Langevin model
crosses such edges, and a standard deviation means little for such tails. The remedy is a transform, which is undone in
the results.
"""

# %%
# What is found
# -------------

import tempfile
import warnings
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

import kgmm

rng = np.random.default_rng(0)
file = Path(tempfile.mkdtemp(), "weather.csv")
table = np.column_stack([rng.exponential(size=20_000), rng.beta(0.8, 0.8, size=20_000), rng.standard_t(3, size=20_000)])
np.savetxt(file, table, header="rain,cover,price", delimiter=",", comments="")

for finding in kgmm.diagnose(kgmm.read(file, time_step=1.0)):
    print("-", finding)

# %%
# The cure
# --------
# After the transforms nothing more is found.

transform = {"rain": "log", "cover": "logit:0:1", "price": "asinh"}
path = kgmm.read(file, transform=transform, time_step=1.0)
print(kgmm.diagnose(path), "-", path.attrs["preparation"])

# %%
# The score in the units of the file
# ----------------------------------
# For the exponential distribution the exact score is −1; the black curves show it for all three.

variables = {"rain": (0.05, 4.0), "cover": (0.03, 0.97), "price": (-6.0, 6.0)}
exact = {
    "rain": lambda x: -np.ones_like(x),
    "cover": lambda x: -0.2 / x + 0.2 / (1 - x),
    "price": lambda x: -4 * x / (3 + x**2),
}
figure, panels = plt.subplots(1, 3, figsize=(11, 3.2), layout="constrained")
for axes, (name, (low, high)) in zip(panels, variables.items()):
    one = kgmm.read(file, [name], transform={name: transform[name]}, time_step=1.0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        score = kgmm.physical_score(kgmm.fit_score(one, random_state=0), one)
    x = np.linspace(low, high, 200)[:, None]
    axes.plot(x, exact[name](x), "k", linewidth=2.5, label="exact")
    axes.plot(x, score(x), "--", label="estimate")
    axes.set(xlabel=name, title=transform[name])
panels[0].set_ylabel("score")
panels[0].legend()
plt.show()
