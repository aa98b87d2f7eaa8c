rule estimate_cells:
    input:
        unpack(inputs_of("estimate_cells")),
    output:
        **OUTPUTS["estimate_cells"],
        record=record("estimate_cells"),
    log:
        log_of("estimate_cells"),
    params:
        task=task_of("estimate_cells"),
    threads: threads_of("estimate_cells")
    script:
        "../scripts/estimate_cells.py"


rule fit_score:
    input:
        unpack(inputs_of("fit_score")),
    output:
        **OUTPUTS["fit_score"],
        record=record("fit_score"),
    log:
        log_of("fit_score"),
    params:
        task=task_of("fit_score"),
    threads: threads_of("fit_score")
    script:
        "../scripts/fit_score.py"


rule evaluate_score:
    input:
        unpack(inputs_of("evaluate_score")),
    output:
        **OUTPUTS["evaluate_score"],
        record=record("evaluate_score"),
    log:
        log_of("evaluate_score"),
    params:
        task=task_of("evaluate_score"),
    threads: threads_of("evaluate_score")
    script:
        "../scripts/evaluate_score.py"
