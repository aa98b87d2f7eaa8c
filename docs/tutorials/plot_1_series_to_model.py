"""
From a series to a model
========================

Two monthly indices of El Niño become a stochastic model, with a verdict on what it can be used for.
"""

# %%
# Read
# ----
# The file has a column of months, the sea surface temperature of the region Niño 3.4, and the Southern Oscillation
# Index. Both have a seasonal cycle: the mean of each month is subtracted.

from pathlib import Path

import matplotlib.pyplot as plt

import kgmm

ROOT = next(folder for folder in Path.cwd().parents if (folder / "examples/enso.csv").exists())
path = kgmm.read(ROOT / "examples/enso.csv", anomalies="monthly")
print(path.sizes, "-", path.attrs["preparation"])

# %%
# Every fit warns of what speaks against the data; ``diagnose`` asks for it directly. Here nothing does.

print(kgmm.diagnose(path))

# %%
# The score of the stationary density
# -----------------------------------
# σ, the amplitude of the noise in standard deviations, is left to the data. Held-out samples decide between
# potentials in closed form and networks, and the score knows its own relative error.

score = kgmm.fit_score(path, random_state=0)
print(score)
print(score([[1.0, -1.0], [0.0, 0.0]]).round(2))

# %%
# The model, and its verdict
# --------------------------
# ``dX = Φ s(X) dt + √2 Σ dW`` has the density of the score for every Φ; Φ is fitted to the time scales of the path.

model = kgmm.fit_langevin(path, score, random_state=1)
validation = kgmm.validate(model, path, random_state=2)
print(validation.verdict)

# %%
# Data and model: densities, autocorrelations, and the density of both variables together.

figure, axes = plt.subplots(1, 4, figsize=(13, 3.2), layout="constrained")
kgmm.plot_densities(path, validation.sample, axes[:2])
kgmm.plot_autocorrelations(path, validation.sample, axes[2:])
plt.show()

# %%
kgmm.plot_joint_density(path, validation.sample)
plt.show()

# %%
# In the units of the file
# ------------------------
# What the preparation took away is put back: ten possible decades after the last month, with their season. The model
# chooses a time step of which a month is a whole multiple.

month = float(path["time"][0])
step = model.choose_step(path.values.reshape(-1, path.sizes["variable"]), longest=month).dt
per_month = round(month / step)
sample = model.sample(10, 120 * per_month, step, save_every=per_month, seed=3)
decades = kgmm.restore(sample, path, after=path.sizes["time"])
figure, axes = plt.subplots(figsize=(9, 3), layout="constrained")
axes.plot(decades["date"], decades[:3, :, 0].T, linewidth=0.8)
axes.set_ylabel("Niño 3.4 (°C)")
plt.show()
