# What jobs ask of a cluster. Memory and time are the profile's business: its `set-resources` names stages, and reaches
# the jobs of several tasks from here. With the usual profiles, where jobs run here, none of this matters.

from kgmm.jobs.cluster import gpu_request, scaled

# Whether jobs run on this machine, within its cores; elsewhere their number is limited. (Which executor it will be, Snakemake
# does not know yet. A process that a cluster has started sees the cores of its node, which are not all its own.)
RUNS_HERE = workflow.resource_settings.nodes is None and not workflow.remote_exec


def gpu_of(stage):
    return gpu_request(stage, PLAN.config.device)


def requests_of(stage, n_tasks):
    """What a job of several tasks asks for: what the profile sets for the rule of their stage, and time for all."""
    requests = workflow.resource_settings.overwrite_resources.get(stage, {})
    return gpu_of(stage) | {name: scaled(request, n_tasks) for name, request in requests.items()}


def threads_of_race():
    """All cores here, so that nothing else disturbs the clock; how many it computes with is in the configuration."""
    threads = PLAN.config.threads.race_score
    return max(threads, workflow.cores or 1) if RUNS_HERE else threads
