"""The smallest configuration that has every stage."""

from __future__ import annotations

TINY = {
    "name": "tiny",
    "seed": 1,
    "defaults": {
        "langevin": {"n_members": 40, "n_times": 5, "burn_in": 1.0, "path_length": 5.0, "path_members": 2},
        "evaluation": {"n_points": 200},
    },
    "experiments": [
        {
            "name": "double_well",
            "system": {"name": "double_well"},
            "simulation": {
                "n_members": 200, "n_times": 5, "burn_in": 5.0, "sample_interval": 1.0, "path_members": 2,
                "path_length": 10.0,
            },
            "estimator": {"sigma": [0.2], "min_probability": 0.05, "max_draws": 4},
            "network": {"hidden": [8], "max_iterations": 20},
        }
    ],
}  # fmt: skip

# Everything that is computed, without tables, pictures and report.
ALL_STAGES = ("--", "all_describe_trajectory", "all_evaluate_score", "all_compare_model")
