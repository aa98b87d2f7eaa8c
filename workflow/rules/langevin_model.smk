rule sample_langevin:
    input:
        unpack(inputs_of("sample_langevin")),
    output:
        **OUTPUTS["sample_langevin"],
        record=record("sample_langevin"),
    wildcard_constraints:
        key=keys_of("sample_langevin"),
    log:
        log_of("sample_langevin"),
    params:
        tasks=tasks_of("sample_langevin"),
        code=code_of("sample_langevin"),
    threads: threads_of("sample_langevin")
    resources:
        **gpu_of("sample_langevin"),
    script:
        "../scripts/sample_langevin.py"


rule compare_model:
    input:
        unpack(inputs_of("compare_model")),
    output:
        **OUTPUTS["compare_model"],
        record=record("compare_model"),
    wildcard_constraints:
        key=keys_of("compare_model"),
    log:
        log_of("compare_model"),
    params:
        tasks=tasks_of("compare_model"),
        code=code_of("compare_model"),
    threads: threads_of("compare_model")
    script:
        "../scripts/compare_model.py"


rule estimate_mobility:
    input:
        unpack(inputs_of("estimate_mobility")),
    output:
        **OUTPUTS["estimate_mobility"],
        record=record("estimate_mobility"),
    wildcard_constraints:
        key=keys_of("estimate_mobility"),
    log:
        log_of("estimate_mobility"),
    params:
        tasks=tasks_of("estimate_mobility"),
        code=code_of("estimate_mobility"),
    threads: threads_of("estimate_mobility")
    script:
        "../scripts/estimate_mobility.py"


rule sample_fitted:
    input:
        unpack(inputs_of("sample_fitted")),
    output:
        **OUTPUTS["sample_fitted"],
        record=record("sample_fitted"),
    wildcard_constraints:
        key=keys_of("sample_fitted"),
    log:
        log_of("sample_fitted"),
    params:
        tasks=tasks_of("sample_fitted"),
        code=code_of("sample_fitted"),
    threads: threads_of("sample_fitted")
    resources:
        **gpu_of("sample_fitted"),
    script:
        "../scripts/sample_fitted.py"


rule compare_fitted:
    input:
        unpack(inputs_of("compare_fitted")),
    output:
        **OUTPUTS["compare_fitted"],
        record=record("compare_fitted"),
    wildcard_constraints:
        key=keys_of("compare_fitted"),
    log:
        log_of("compare_fitted"),
    params:
        tasks=tasks_of("compare_fitted"),
        code=code_of("compare_fitted"),
    threads: threads_of("compare_fitted")
    script:
        "../scripts/compare_fitted.py"
