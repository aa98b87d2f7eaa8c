# What jobs ask of a cluster. Memory and time are the profile's business: its `set-resources` names stages, and reaches
# the jobs of several tasks from here. With the usual profiles, where jobs run here, none of this matters.

from kgmm.pipeline.cluster import gpu_request, refuse_missing_commands, scaled

# Whether jobs run on this machine; in a job that a cluster runs, the machine is not the whole of the run's.
RUNS_HERE = workflow.local_exec and not workflow.remote_exec

if workflow.is_main_process and not workflow.dryrun and workflow.non_local_exec:
    refuse_missing_commands()


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
