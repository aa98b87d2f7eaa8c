"""Names of the terms of the error budget, in the order in which they arise; here for the figures, which need no torch."""

TERMS = ("smoothing", "network", "cells", "draws", "data")
