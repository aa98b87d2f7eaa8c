# What the rules share. Everything that they know comes from RUN.

# Whether jobs run on this machine, within its cores; elsewhere their number is limited. (Which executor it will be, Snakemake
# does not know yet. A process that a cluster has started sees the cores of its node, which are not all its own.)
RUNS_HERE = workflow.resource_settings.nodes is None and not workflow.remote_exec


wildcard_constraints:
    name=r"[a-z0-9_]+",


def resources_of(stage, n_tasks=None):
    """What a job asks of a cluster: a GPU where it needs one; of a bundle also what the profile sets for its stage."""
    profile = workflow.resource_settings.overwrite_resources.get(stage.name, {}) if n_tasks else {}
    return RUN.resources(stage, profile, n_tasks)
