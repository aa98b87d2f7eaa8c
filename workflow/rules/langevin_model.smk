rule sample_langevin:
    input:
        unpack(inputs_of("sample_langevin")),
    output:
        **OUTPUTS["sample_langevin"],
        record=record("sample_langevin"),
    log:
        log_of("sample_langevin"),
    params:
        task=task_of("sample_langevin"),
    threads: threads_of("sample_langevin")
    script:
        "../scripts/sample_langevin.py"


rule compare_model:
    input:
        unpack(inputs_of("compare_model")),
    output:
        **OUTPUTS["compare_model"],
        record=record("compare_model"),
    log:
        log_of("compare_model"),
    params:
        task=task_of("compare_model"),
    threads: threads_of("compare_model")
    script:
        "../scripts/compare_model.py"
