# Where trajectories come from: a simulation, the same in shards, or a user's file.


rule simulate_trajectory:
    output:
        **OUTPUTS["simulate_trajectory"],
        record=record("simulate_trajectory"),
    wildcard_constraints:
        key=keys_of("simulate_trajectory"),
    log:
        log_of("simulate_trajectory"),
    params:
        tasks=tasks_of("simulate_trajectory"),
        code=code_of("simulate_trajectory"),
    threads: threads_of("simulate_trajectory")
    resources:
        **gpu_of("simulate_trajectory"),
    script:
        "../scripts/simulate_trajectory.py"


rule simulate_shard:
    output:
        **OUTPUTS["simulate_shard"],
        record=record("simulate_shard"),
    wildcard_constraints:
        key=keys_of("simulate_shard"),
    log:
        log_of("simulate_shard"),
    params:
        tasks=tasks_of("simulate_shard"),
        code=code_of("simulate_shard"),
    threads: threads_of("simulate_shard")
    resources:
        **gpu_of("simulate_shard"),
    script:
        "../scripts/simulate_shard.py"


rule merge_shards:
    input:
        unpack(inputs_of("merge_shards")),
    output:
        **OUTPUTS["merge_shards"],
        record=record("merge_shards"),
    wildcard_constraints:
        key=keys_of("merge_shards"),
    log:
        log_of("merge_shards"),
    params:
        tasks=tasks_of("merge_shards"),
        code=code_of("merge_shards"),
    threads: threads_of("merge_shards")
    script:
        "../scripts/merge_shards.py"


rule import_dataset:
    # The content of the file is part of the key; its time stamp must not matter.
    input:
        data=lambda wildcards: ancient(PLAN.task("import_dataset", wildcards.key).inputs["data"]),
    output:
        **OUTPUTS["import_dataset"],
        record=record("import_dataset"),
    wildcard_constraints:
        key=keys_of("import_dataset"),
    log:
        log_of("import_dataset"),
    params:
        tasks=tasks_of("import_dataset"),
        code=code_of("import_dataset"),
    threads: threads_of("import_dataset")
    script:
        "../scripts/import_dataset.py"


rule describe_trajectory:
    input:
        unpack(inputs_of("describe_trajectory")),
    output:
        **OUTPUTS["describe_trajectory"],
        record=record("describe_trajectory"),
    wildcard_constraints:
        key=keys_of("describe_trajectory"),
    log:
        log_of("describe_trajectory"),
    params:
        tasks=tasks_of("describe_trajectory"),
        code=code_of("describe_trajectory"),
    threads: threads_of("describe_trajectory")
    script:
        "../scripts/describe_trajectory.py"
