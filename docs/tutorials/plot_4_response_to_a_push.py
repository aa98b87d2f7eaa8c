"""
What a small push does
======================

The response of a system to a small, lasting change of its drift follows from its score and an unperturbed path.
"""

# %%
# An unperturbed path
# -------------------
# The system has a potential with wells of unequal weight; nothing but a path of it is used.

import matplotlib.pyplot as plt
import numpy as np

import kgmm
from kgmm.langevin.perturbed_ensembles import perturbed_response

path = kgmm.simulate("asymmetric_potential", n_members=400, n_times=1000, interval=0.02, seed=0)
score = kgmm.fit_score(path, random_state=0)

# %%
# The response
# ------------
# The first variable is pushed by a constant: what the means do, up to three time units later.

push = np.array([1.0, 0.0])
response = kgmm.response(path, score, push, longest=3.0)
print(response.attrs["verdict"])

# %%
# Beside simulations
# ------------------
# The truth comes from pairs of ensembles with common noise, which are pushed in opposite directions.

small = 0.1
truth = perturbed_response("asymmetric_potential", small * push, ("mean",), longest=3.0, interval=0.1, max_pairs=20_000)
figure, axes = plt.subplots(figsize=(7, 4), layout="constrained")
for k, name in enumerate(path["variable"].values):
    mean = response["step"].sel(observable="mean").isel(variable=k)
    axes.plot(response["lag"], mean, "--", color=f"C{k}", label=f"{name}, by the score")
    simulated = truth["step"].sel(observable="mean").isel(variable=k) / small
    axes.plot(truth["lag"], simulated, color=f"C{k}", alpha=0.6, label=f"{name}, simulated")
axes.set(xlabel="time since the push", ylabel="change of the mean for a unit push")
axes.legend()
plt.show()
