"""
The score of a density, three ways
==================================

Ten thousand samples of a double well, whose score is known: the direct score of a Gaussian mixture, the published
estimator with an error bar on every cell, and the default.
"""

# %%
# Samples
# -------

import matplotlib.pyplot as plt
import numpy as np

import kgmm

system = kgmm.get_system("double_well")
trajectory = kgmm.simulate(system, n_members=2000, n_times=5, interval=5.0, burn_in=20.0, seed=0)
samples = trajectory.values.reshape(-1, 1)
print(samples.shape)

# %%
# The direct score
# ----------------
# Noise of amplitude σ blurs the density into a Gaussian mixture with one kernel for each sample, whose score can be
# written down. The smaller σ is, the noisier it gets.

sigma = 0.05
direct = kgmm.DirectGMM(sigma=sigma).fit(samples)

# %%
# KGMM
# ----
# The same noise is averaged over the cells of a bisecting K-means partition. Each average gives the score of the
# blurred density in its cell, with a standard error; a network is fitted to all of them.

cells = kgmm.KGMM(sigma=sigma, min_probability=0.02, min_draws=64, max_draws=64, random_state=0).fit(samples)
network = kgmm.ScoreModel.fit(cells, hidden=(40, 20), seed=0)

# %%
# The default
# -----------
# ``kgmm.fit_score`` chooses between families of estimates, by samples that it has kept aside.

score = kgmm.fit_score(samples, random_state=0)
print(score)

# %%
# Against the exact one
# ---------------------

x = np.linspace(-1.7, 1.7, 300)[:, None]
exact = system.score(x)
figure, axes = plt.subplots(figsize=(7, 4), layout="constrained")
axes.plot(x, direct.score_at(x), color="0.7", linewidth=0.8, label=f"direct, σ = {sigma}")
axes.plot(x, exact, "k", linewidth=2.5, label="exact")
axes.plot(x, network(x), "--", label=f"KGMM network, σ = {sigma}")
axes.plot(x, score(x), ":", linewidth=2.5, label="fit_score")
axes.set(xlabel="x", ylabel="score ∂ log p / ∂x", ylim=(-12, 12))
axes.legend()
plt.show()

# %%
# Relative mean-square errors at fresh samples:

fresh = kgmm.simulate(system, n_members=5000, n_times=1, interval=1.0, burn_in=20.0, seed=1).values.reshape(-1, 1)
size = np.mean(system.score(fresh) ** 2)
for name, estimate in (("direct", direct.score_at), ("KGMM network", network), ("fit_score", score)):
    print(f"{name}: {np.mean((estimate(fresh) - system.score(fresh)) ** 2) / size:.4f}")
