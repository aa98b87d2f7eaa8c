"""The JSON schema of a configuration file, for editors. ``python -m kgmm.pipeline.schema`` prints it."""

from __future__ import annotations

import json

from kgmm.pipeline.settings import Block, Experiment, RunConfig

_PLANNED = ("name", "replicate")


def config_schema() -> dict:
    """Schema of :class:`RunConfig` in which every setting of a block may also be a list of values."""
    schema = RunConfig.model_json_schema()
    experiment = Experiment.model_json_schema()
    sections = {}
    for name, definition in experiment.pop("$defs").items():
        properties = {key: _or_list(value) for key, value in definition["properties"].items()}
        # Required keys of an experiment may come from the defaults of the system or of the run.
        sections[name] = {k: v for k, v in definition.items() if k != "required"} | {"properties": properties}
    settings = {
        key: value if "$ref" in value or "allOf" in value else _or_list(value)
        for key, value in experiment["properties"].items()
        if key not in _PLANNED
    }
    block = Block.model_json_schema()
    schema["$defs"].update(sections)
    schema["$defs"]["Block"] = block | {
        "properties": {**block["properties"], **settings},
        "additionalProperties": False,
    }
    schema["properties"]["defaults"] = {
        "type": "object",
        "description": schema["properties"]["defaults"]["description"],
        "properties": settings,
        "additionalProperties": False,
    }
    return schema


def _or_list(value: dict) -> dict:
    kept = {key: value[key] for key in ("description", "default", "title") if key in value}
    single = {key: entry for key, entry in value.items() if key not in kept}
    return kept | {"anyOf": [single, {"type": "array", "items": single, "minItems": 1}]}


if __name__ == "__main__":
    print(json.dumps(config_schema(), indent=2, ensure_ascii=False))
