"""Names of the terms of the error budget, in the order in which they arise. Figures need them without torch."""

TERMS = ("smoothing", "network", "cells", "draws", "data")
