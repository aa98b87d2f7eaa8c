rule simulate_trajectory:
    output:
        **OUTPUTS["simulate_trajectory"],
        record=record("simulate_trajectory"),
    log:
        log_of("simulate_trajectory"),
    params:
        task=task_of("simulate_trajectory"),
    threads: threads_of("simulate_trajectory")
    script:
        "../scripts/simulate_trajectory.py"
