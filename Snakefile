# The workflow: config → plan → stages → tables and figures → report.
# The science is in config/, the machine in profiles/, the methods in src/kgmm/.
import sys

from snakemake.utils import min_version

min_version("9.0")

from kgmm.config.repeated_keys import refuse_repeated_keys
from kgmm.jobs.cluster import refuse_missing_commands
from kgmm.jobs.command_line import forced_stages, is_dry_run
from kgmm.jobs.resume import remember_call
from kgmm.jobs.workflow_errors import reading_configuration, writing_results
from kgmm.jobs.workflow_plan import RunPlan


with reading_configuration():
    refuse_repeated_keys(workflow.configfiles)
    RUN = RunPlan(config, f"{workflow.basedir}/workflow/scripts")


onstart:
    # The limit on job starts (100 a second by default) leaves a timer behind for every finished job, each of which wakes
    # the scheduler once a second: after 400 jobs it took 40 % of a core. Where jobs run here, nothing needs the limit.
    if workflow.local_exec:
        workflow.scheduler.job_rate_limiter = None
    else:
        refuse_missing_commands(workflow.executor_plugin.name)
    with writing_results():
        remember_call(sys.argv[1:])
        RUN.start()


include: "workflow/rules/common.smk"


if workflow.is_main_process:
    with writing_results():
        RUN.compose(workflow.cores or 1 if RUNS_HERE else 1, forced_stages(sys.argv[1:]))
        RUN.compare_files(forget=not is_dry_run(sys.argv[1:]))
    with reading_configuration():
        print(RUN.introduction(by_stage=is_dry_run(sys.argv[1:])), file=sys.stderr)
else:
    RUN.load_bundles()


include: "workflow/rules/stages.smk"
include: "workflow/rules/tables.smk"
include: "workflow/rules/figures.smk"
include: "workflow/rules/report.smk"


rule all:
    default_target: True
    input:
        # Everything, so that a deleted table or picture is made again though what follows from it is there.
        [*RUN.pages, RUN.path("checked.txt")],
        RUN.tables,
        RUN.figures(".png", ".pdf", ".nc"),
        RUN.outstanding,
