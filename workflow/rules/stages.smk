# The stages: a rule for each of the table in src/kgmm/config/stages.py, and one for each bundle of several tasks
# (`rows_per_job` in the configuration). Snakemake is told of one file a job, written when its data are complete.

from kgmm.config.stages import STAGES
from kgmm.jobs.tasks import TaskList, done_file, log_file

for stage in STAGES.values():

    rule:
        name:
            stage.name
        input:
            RUN.awaited_by(stage),
        output:
            done=done_file(stage.name, "{key}"),
        wildcard_constraints:
            # Tasks of the plan that no bundle takes: files of other runs are data like others.
            key=RUN.keys_of(stage),
        log:
            log_file(stage.name, "{key}"),
        params:
            tasks=RUN.tasks_of(stage),
        threads: RUN.threads(stage)
        resources:
            **resources_of(stage),
        script:
            "../scripts/run_tasks.py"

    rule:
        # For the command line: everything up to a stage, as in `snakemake all_estimate_cells`.
        name:
            f"all_{stage.name}"
        input:
            RUN.done_of(stage),


for bundle in RUN.bundles.all:

    rule:
        name:
            bundle.name
        input:
            RUN.bundles.awaited(bundle),
        output:
            done=bundle.done,
        log:
            log_file(bundle.stage, bundle.name),
        params:
            tasks=TaskList(bundle.tasks),
        threads: RUN.threads(STAGES[bundle.stage])
        resources:
            **resources_of(STAGES[bundle.stage], len(bundle.tasks)),
        script:
            "../scripts/run_tasks.py"
