# The report of a run, and what is said of it as a whole.


rule write_report:
    input:
        verification=RUN.path("verification.csv"),
        metrics=RUN.path("metrics.csv"),
        races=RUN.path("races.csv"),
        trajectories=RUN.path("trajectories.csv"),
        costs=RUN.path("costs.csv"),
        config=RUN.path("config.yaml"),
        **RUN.sweep_tables,
        figures=RUN.figures(".png"),
        studies=RUN.study_figures,
    output:
        report=report(RUN.path("report.html"), category="Report"),
    log:
        RUN.path("logs/write_report.log"),
    params:
        title=RUN.plan.config.title,
        run=RUN.plan.name,
        seed=RUN.plan.config.seed,
        opening=RUN.results.opening,
        sections=RUN.results.sections,
        rows=RUN.results.explored,
        sweeps=RUN.results.sweeps,
        studies=RUN.results.studies,
        code=RUN.code("write_report"),
    threads: 4  # nothing else is left to be done
    localrule: True
    script:
        "../scripts/write_report.py"


rule write_manifest:
    input:
        # Not the costs, which differ from run to run.
        [table for table in RUN.tables if not table.endswith(("costs.csv", "config.yaml"))],
        RUN.figures(".png", ".pdf", ".nc"),
        RUN.path("report.html"),
    output:
        manifest=RUN.path("manifest.json"),
    log:
        RUN.path("logs/write_manifest.log"),
    params:
        files=RUN.results.files,
        config=RUN.plan.resolved,
        code=RUN.code("write_manifest"),
    localrule: True
    script:
        "../scripts/write_manifest.py"


rule check_run:
    # Last, so that a failed result or claim is shown in the report before it makes the run fail.
    input:
        report=RUN.path("report.html"),
        costs=RUN.path("costs.csv"),
        verification=RUN.path("verification.csv"),
    output:
        RUN.path("checked.txt"),
    log:
        RUN.path("logs/check_run.log"),
    localrule: True
    script:
        "../scripts/check_run.py"
