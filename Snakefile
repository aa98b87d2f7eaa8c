# The workflow: config → plan → stages → tables and figures → report.
# The science is in config/, the machine in profiles/, the methods in src/kgmm/.
import sys

from snakemake.exceptions import WorkflowError
from snakemake.utils import min_version

min_version("9.0")

from kgmm.jobs.cluster import refuse_missing_commands
from kgmm.config.parsing import ConfigError
from kgmm.jobs.plan import Plan
from kgmm.jobs.plan_table import summary
from kgmm.jobs.resume import remember_call

SCRIPTS = f"{workflow.basedir}/workflow/scripts"
try:
    PLAN = Plan(config, SCRIPTS)
except ConfigError as error:
    raise WorkflowError(f"The configuration is unusable: {error}.")


if workflow.is_main_process:
    print(summary(PLAN), file=sys.stderr)


onstart:
    # The limit on job starts (100 a second by default) leaves a timer behind for every finished job, each of which wakes
    # the scheduler once a second: after 400 jobs it took 40 % of a core. Where jobs run here, nothing needs the limit.
    if workflow.local_exec:
        workflow.scheduler.job_rate_limiter = None
    else:
        refuse_missing_commands(workflow.executor_plugin.name)
    remember_call(sys.argv[1:])


include: "workflow/rules/cluster.smk"
include: "workflow/rules/bundles.smk"
include: "workflow/rules/common.smk"
include: "workflow/rules/simulate_trajectory.smk"
include: "workflow/rules/estimate_score.smk"
include: "workflow/rules/langevin_model.smk"
include: "workflow/rules/sweeps.smk"
include: "workflow/rules/report.smk"


rule all:
    default_target: True
    input:
        run_targets(),
