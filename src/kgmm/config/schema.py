"""The JSON schema of a configuration file, for editors, and the table of its keys, for readers.

``make schema`` writes both into ``config/``.
"""

from __future__ import annotations

import json
from pathlib import Path

from kgmm.config.experiment import Experiment
from kgmm.config.parsing import KINDS, section_of
from kgmm.config.run import Block, RunConfig, Threads

_PLANNED = ("name", "replicate")
TABLE_START, TABLE_END = "<!-- keys: written by make schema -->", "<!-- end of keys -->"


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


def keys_table() -> str:
    """Every key of a configuration as a Markdown table: name, default, meaning."""
    lines = ["| key | default | meaning |", "|---|---|---|"]
    for key, field in RunConfig.model_fields.items():
        if key not in ("defaults", "experiments", "threads"):
            lines.append(_key_row(key, field))
    lines += [_key_row(f"threads.{key}", field) for key, field in Threads.model_fields.items()]
    lines += [_key_row(f"experiments[].{key}", field) for key, field in Block.model_fields.items()]
    for section, field in Experiment.model_fields.items():
        if section in _PLANNED:
            continue
        sections = [section_of(field.annotation, {"kind": kind}) for kind in KINDS]
        if sections[0] is None:
            lines.append(_key_row(f"experiments[].{section}", field))
            continue
        seen = set()
        for inner in sections:
            new = {key: f for key, f in inner.model_fields.items() if key not in seen}
            lines += [_key_row(f"experiments[].{section}.{key}", f) for key, f in new.items()]
            seen |= new.keys()
    return "\n".join(lines) + "\n"


def _key_row(key: str, field) -> str:
    if not field.is_required():
        default = "" if field.default is None else f"`{json.dumps(field.get_default(), default=str)}`"
    else:
        default = "the system's" if ".simulation." in key else "required"
    meaning = field.description
    return f"| `{key}` | {default} | {meaning} |"


def write(folder: Path) -> None:
    """Writes ``schema.json`` and the table of keys in ``README.md`` of a configuration folder."""
    (folder / "schema.json").write_text(
        json.dumps(config_schema(), indent=2, ensure_ascii=False) + "\n", encoding="utf-8"
    )
    readme = folder / "README.md"
    before, rest = readme.read_text(encoding="utf-8").split(TABLE_START)
    _, after = rest.split(TABLE_END)
    readme.write_text(f"{before}{TABLE_START}\n{keys_table()}{TABLE_END}{after}", encoding="utf-8")


if __name__ == "__main__":
    write(Path("config"))
