# The tables of a run: its plan, and what its results say.
# Params are what a table is made from, and a fingerprint of its code: a change of either makes it anew.


rule write_plan:
    output:
        plan=RUN.path("plan.csv"),
        config=RUN.path("config.yaml"),
    log:
        RUN.path("logs/write_plan.log"),
    params:
        table=RUN.plan_table,
        resolved=RUN.plan.resolved,
    localrule: True
    script:
        "../scripts/write_plan.py"


rule collect_metrics:
    input:
        RUN.done("evaluation", "comparison", "comparison_fitted", "response"),
    output:
        metrics=RUN.path("metrics.csv"),
    log:
        RUN.path("logs/collect_metrics.log"),
    params:
        experiments=RUN.results.experiments,
        code=RUN.code("collect_metrics"),
    localrule: True
    script:
        "../scripts/collect_metrics.py"


rule collect_trajectories:
    input:
        RUN.done("description"),
    output:
        trajectories=RUN.path("trajectories.csv"),
    log:
        RUN.path("logs/collect_trajectories.log"),
    params:
        trajectories=RUN.results.trajectories,
        code=RUN.code("collect_trajectories"),
    localrule: True
    script:
        "../scripts/collect_trajectories.py"


rule collect_races:
    input:
        RUN.done("race"),
    output:
        races=RUN.path("races.csv"),
    log:
        RUN.path("logs/collect_races.log"),
    params:
        experiments=RUN.results.raced,
        code=RUN.code("collect_races"),
    localrule: True
    script:
        "../scripts/collect_races.py"


rule collect_costs:
    input:
        # Each follows from results of its kind, and all results together from those.
        metrics=RUN.path("metrics.csv"),
        races=RUN.path("races.csv"),
        trajectories=RUN.path("trajectories.csv"),
        drawings=RUN.drawing_records,
    output:
        costs=RUN.path("costs.csv"),
    log:
        RUN.path("logs/collect_costs.log"),
    params:
        receipts=RUN.receipts,
        code=RUN.code("collect_costs"),
    localrule: True
    script:
        "../scripts/collect_costs.py"


rule collect_sweeps:
    input:
        metrics=RUN.path("metrics.csv"),
    output:
        table=RUN.path("sweep.csv"),
        best=RUN.path("best.csv"),
    log:
        RUN.path("logs/collect_sweeps.log"),
    params:
        sweeps=RUN.results.sweeps,
        code=RUN.code("collect_sweeps"),
    localrule: True
    script:
        "../scripts/collect_sweeps.py"


rule verify_claims:
    input:
        metrics=RUN.path("metrics.csv"),
        races=RUN.path("races.csv"),
    output:
        verification=RUN.path("verification.csv"),
    log:
        RUN.path("logs/verify_claims.log"),
    params:
        claims=[claim.model_dump(mode="json") for claim in RUN.plan.config.claims],
        code=RUN.code("verify_claims"),
    localrule: True
    script:
        "../scripts/verify_claims.py"
