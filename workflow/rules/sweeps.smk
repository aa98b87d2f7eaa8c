# What a sweep has of its own: a row per setting, the best settings, and a figure by its axes.


rule collect_sweeps:
    input:
        sweep_files,
        metrics=PLAN.path("metrics.csv"),
    output:
        table=PLAN.path("sweep.csv"),
        best=PLAN.path("best.csv"),
    log:
        PLAN.path("logs/collect_sweeps.log"),
    params:
        sweeps=sweep_sources(),
        code=script_fingerprint("collect_sweeps"),
    localrule: True
    script:
        "../scripts/collect_sweeps.py"


rule draw_sweep:
    input:
        table=PLAN.path("sweep.csv"),
    output:
        png=PLAN.path("sweeps/{block}.png"),
        pdf=PLAN.path("sweeps/{block}.pdf"),
        data=PLAN.path("sweeps/{block}.nc"),
        record=PLAN.path("records/draw_sweep/{block}.json"),
    log:
        PLAN.path("logs/draw_sweep/{block}.log"),
    params:
        axes=sweep_axes,
        code=script_fingerprint("draw_sweep"),
    script:
        "../scripts/draw_sweep.py"
