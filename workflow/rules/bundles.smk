# Jobs of many tasks (`rows_per_job` in the configuration): what is to be computed now, stage by stage, a few tasks to a
# job. Whatever is done already, or is left alone, has the rule of its stage.

from kgmm.jobs.bundles import compose, read_bundles, write_bundles
from kgmm.jobs.tasks import TaskList

_COMPOSITION = f".snakemake/bundles/{PLAN.name}.json"


def planned_bundles():
    """Composed by the main process; jobs on other machines read what it has composed, while results appear."""
    if not workflow.is_main_process:
        return read_bundles(PLAN, _COMPOSITION)
    n_workers = workflow.resource_settings.cores or 1 if RUNS_HERE else 1
    bundles = compose(PLAN, PLAN.config.rows_per_job, n_workers)
    if not workflow.dryrun:
        write_bundles(bundles, _COMPOSITION)
    return bundles


BUNDLES = planned_bundles()
BUNDLED = {(task.stage, task.key) for bundle in BUNDLES for task in bundle.tasks}

for bundle in BUNDLES:

    rule:
        name:
            bundle.name
        input:
            bundle.inputs,
        output:
            bundle.outputs,
        log:
            f"results/logs/{bundle.stage}/{bundle.name}.log",
        params:
            tasks=TaskList(bundle.tasks),
            code=bundle.tasks[0].fingerprint,
        threads: getattr(PLAN.config.threads, bundle.stage)
        resources:
            **requests_of(bundle.stage, len(bundle.tasks)),
        script:
            # Read when the job starts, and so not from the variable of the loop.
            "../scripts/{params.tasks.stage}.py"
