# What belongs to one run: its plan, tables, figures and report, all under results/<run>/.


rule write_plan:
    output:
        plan=PLAN.path("plan.csv"),
        config=PLAN.path("config.yaml"),
    log:
        PLAN.path("logs/write_plan.log"),
    params:
        table=plan_csv(),
        resolved=PLAN.resolved,
    localrule: True
    script:
        "../scripts/write_plan.py"


rule collect_metrics:
    input:
        metrics=metric_files,
    output:
        metrics=PLAN.path("metrics.csv"),
    log:
        PLAN.path("logs/collect_metrics.log"),
    params:
        rows=metric_sources(),
        code=script_fingerprint("collect_metrics"),
    localrule: True
    script:
        "../scripts/collect_metrics.py"


rule collect_trajectories:
    input:
        descriptions=description_files,
    output:
        trajectories=PLAN.path("trajectories.csv"),
    log:
        PLAN.path("logs/collect_trajectories.log"),
    params:
        sources=trajectory_sources(),
        code=script_fingerprint("collect_trajectories"),
    localrule: True
    script:
        "../scripts/collect_trajectories.py"


rule collect_costs:
    input:
        records=record_files,
        drawings=drawing_records(),
    output:
        costs=PLAN.path("costs.csv"),
    log:
        PLAN.path("logs/collect_costs.log"),
    params:
        records=record_files,
        code=script_fingerprint("collect_costs"),
    localrule: True
    script:
        "../scripts/collect_costs.py"


rule draw_figure:
    input:
        files=block_files,
    output:
        png=PLAN.path("figures/{block}.png"),
        pdf=PLAN.path("figures/{block}.pdf"),
        data=PLAN.path("figures/{block}.nc"),
        record=PLAN.path("records/draw_figure/{block}.json"),
    log:
        PLAN.path("logs/draw_figure/{block}.log"),
    params:
        rows=figure_sources,
        code=script_fingerprint("draw_figure"),
    script:
        "../scripts/draw_figure.py"


rule draw_trajectory:
    input:
        description=description_of,
    output:
        png=PLAN.path("trajectories/{block}.png"),
        pdf=PLAN.path("trajectories/{block}.pdf"),
        data=PLAN.path("trajectories/{block}.nc"),
        record=PLAN.path("records/draw_trajectory/{block}.json"),
    log:
        PLAN.path("logs/draw_trajectory/{block}.log"),
    params:
        description=description_of,
        code=script_fingerprint("draw_trajectory"),
    script:
        "../scripts/draw_trajectory.py"


rule draw_training:
    input:
        scores=score_files,
    output:
        png=PLAN.path("training/{block}.png"),
        pdf=PLAN.path("training/{block}.pdf"),
        data=PLAN.path("training/{block}.nc"),
        record=PLAN.path("records/draw_training/{block}.json"),
    log:
        PLAN.path("logs/draw_training/{block}.log"),
    params:
        rows=training_sources,
        code=script_fingerprint("draw_training"),
    script:
        "../scripts/draw_training.py"


rule collect_races:
    input:
        races=race_files,
    output:
        races=PLAN.path("races.csv"),
    log:
        PLAN.path("logs/collect_races.log"),
    params:
        sources=race_sources(),
        code=script_fingerprint("collect_races"),
    localrule: True
    script:
        "../scripts/collect_races.py"


rule verify_claims:
    input:
        metrics=PLAN.path("metrics.csv"),
        races=PLAN.path("races.csv"),
    output:
        verification=PLAN.path("verification.csv"),
    log:
        PLAN.path("logs/verify_claims.log"),
    params:
        claims=[claim.model_dump(mode="json") for claim in PLAN.config.claims],
        code=script_fingerprint("verify_claims"),
    localrule: True
    script:
        "../scripts/verify_claims.py"


rule write_report:
    input:
        verification=PLAN.path("verification.csv"),
        metrics=PLAN.path("metrics.csv"),
        races=PLAN.path("races.csv"),
        trajectories=PLAN.path("trajectories.csv"),
        costs=PLAN.path("costs.csv"),
        config=PLAN.path("config.yaml"),
        **sweep_tables(),
        figures=all_figures(),
        results=explored_files(),
        studies=[path for study in PLAN.config.studies for path in study_figures(study)],
    output:
        report=PLAN.path("report.html"),
    log:
        PLAN.path("logs/write_report.log"),
    params:
        title=PLAN.config.title,
        run=PLAN.name,
        seed=PLAN.config.seed,
        sections=report_sections(),
        rows=explored_sources(),
        sweeps=[{name: sweep[name] for name in sweep if name != "rows"} for sweep in sweep_sources()],
        studies={study: study_figures(study) for study in PLAN.config.studies},
        code=script_fingerprint("write_report"),
    localrule: True
    script:
        "../scripts/write_report.py"


rule write_manifest:
    input:
        result_files,
        [PLAN.path(f"{name}.csv") for name in ("plan", "metrics", "races", "trajectories", "verification")],
        *sweep_tables().values(),
        [
            picture.removesuffix(".png") + suffix
            for picture in all_figures()
            for suffix in (".png", ".pdf", ".nc")
        ],
        PLAN.path("report.html"),
    output:
        manifest=PLAN.path("manifest.json"),
    log:
        PLAN.path("logs/write_manifest.log"),
    params:
        config=PLAN.resolved,
        code=script_fingerprint("write_manifest"),
    localrule: True
    script:
        "../scripts/write_manifest.py"


rule check_run:
    # Last, so that a failed result or claim is shown in the report before it makes the run fail.
    input:
        report=PLAN.path("report.html"),
        costs=PLAN.path("costs.csv"),
        verification=PLAN.path("verification.csv"),
    output:
        PLAN.path("checked.txt"),
    log:
        PLAN.path("logs/check_run.log"),
    localrule: True
    script:
        "../scripts/check_run.py"
