# From samples to a score: cells (in one job, or prepared, scattered and gathered), network, errors, and the race.


rule estimate_cells:
    input:
        unpack(inputs_of("estimate_cells")),
    output:
        **OUTPUTS["estimate_cells"],
        record=record("estimate_cells"),
    wildcard_constraints:
        key=keys_of("estimate_cells"),
    log:
        log_of("estimate_cells"),
    params:
        tasks=tasks_of("estimate_cells"),
        code=code_of("estimate_cells"),
    threads: threads_of("estimate_cells")
    resources:
        **gpu_of("estimate_cells"),
    script:
        "../scripts/estimate_cells.py"


rule prepare_cells:
    input:
        unpack(inputs_of("prepare_cells")),
    output:
        **OUTPUTS["prepare_cells"],
        record=record("prepare_cells"),
    wildcard_constraints:
        key=keys_of("prepare_cells"),
    log:
        log_of("prepare_cells"),
    params:
        tasks=tasks_of("prepare_cells"),
        code=code_of("prepare_cells"),
    threads: threads_of("prepare_cells")
    script:
        "../scripts/prepare_cells.py"


rule accumulate_moments:
    input:
        unpack(inputs_of("accumulate_moments")),
    output:
        **OUTPUTS["accumulate_moments"],
        record=record("accumulate_moments"),
    wildcard_constraints:
        key=keys_of("accumulate_moments"),
    log:
        log_of("accumulate_moments"),
    params:
        tasks=tasks_of("accumulate_moments"),
        code=code_of("accumulate_moments"),
    threads: threads_of("accumulate_moments")
    resources:
        **gpu_of("accumulate_moments"),
    script:
        "../scripts/accumulate_moments.py"


rule gather_cells:
    input:
        unpack(inputs_of("gather_cells")),
    output:
        **OUTPUTS["gather_cells"],
        record=record("gather_cells"),
    wildcard_constraints:
        key=keys_of("gather_cells"),
    log:
        log_of("gather_cells"),
    params:
        tasks=tasks_of("gather_cells"),
        code=code_of("gather_cells"),
    threads: threads_of("gather_cells")
    script:
        "../scripts/gather_cells.py"


rule fit_score:
    input:
        unpack(inputs_of("fit_score")),
    output:
        **OUTPUTS["fit_score"],
        record=record("fit_score"),
    wildcard_constraints:
        key=keys_of("fit_score"),
    log:
        log_of("fit_score"),
    params:
        tasks=tasks_of("fit_score"),
        code=code_of("fit_score"),
    threads: threads_of("fit_score")
    resources:
        **gpu_of("fit_score"),
    script:
        "../scripts/fit_score.py"


rule evaluate_score:
    input:
        unpack(inputs_of("evaluate_score")),
    output:
        **OUTPUTS["evaluate_score"],
        record=record("evaluate_score"),
    wildcard_constraints:
        key=keys_of("evaluate_score"),
    log:
        log_of("evaluate_score"),
    params:
        tasks=tasks_of("evaluate_score"),
        code=code_of("evaluate_score"),
    threads: threads_of("evaluate_score")
    script:
        "../scripts/evaluate_score.py"


rule race_score:
    input:
        unpack(inputs_of("race_score")),
    output:
        **OUTPUTS["race_score"],
        record=record("race_score"),
    wildcard_constraints:
        key=keys_of("race_score"),
    log:
        log_of("race_score"),
    params:
        tasks=tasks_of("race_score"),
        code=code_of("race_score"),
    threads: threads_of_race()
    script:
        "../scripts/race_score.py"
