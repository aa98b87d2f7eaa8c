"""From a configuration file to rows: reading, multiplying out, and all mistakes, one sentence each."""

from __future__ import annotations

import copy
import itertools
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Annotated, get_args, get_origin

import yaml
from pydantic import BaseModel, ValidationError

from kgmm.config.experiment import Experiment
from kgmm.config.limits import Limits
from kgmm.config.run import Block, RunConfig
from kgmm.config.sizes import check_sizes
from kgmm.options import sentence
from kgmm.systems.registry import get_system

KINDS = ("simulation", "dataset")
_OF_PLAN = {"name", "replicate"}  # keys of an experiment that a block does not set directly


class ConfigError(ValueError):
    """An unusable configuration.

    Parameters
    ----------
    *mistakes : str
        One sentence for each, which names key, value and what is allowed.
    """

    def __init__(self, *mistakes: str):
        super().__init__(*mistakes)
        self.mistakes = mistakes

    def __str__(self) -> str:
        if len(self.mistakes) == 1:
            return self.mistakes[0]
        return f"{len(self.mistakes)} mistakes:" + "".join(f"\n- {mistake}" for mistake in self.mistakes)


def read_config(path: str | Path) -> dict:
    """The raw contents of a YAML file; :class:`ConfigError` if it cannot be read or is no mapping."""
    try:
        raw = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError) as error:
        raise ConfigError(f"the configuration {path} cannot be read: {error}") from error
    if not isinstance(raw, dict):
        raise ConfigError(f"the configuration {path} holds no mapping")
    return raw


def parse_config(raw: dict) -> tuple[RunConfig, list[Experiment]]:
    """Validates a configuration and multiplies its blocks out into experiments."""
    if not raw:
        raise ConfigError("no configuration is given: pass --configfile config/config.yaml, or use a profile")
    try:
        config = _validate(RunConfig, raw, "")
    except ConfigError as error:
        raise ConfigError(*dict.fromkeys([*error.mistakes, *_mistakes_beside_unknown_keys(raw)])) from None
    for key in _OF_PLAN & set(config.defaults):
        raise ConfigError(f"defaults.{key} is {config.defaults[key]!r}: each block of experiments sets its own")
    names = [block.name for block in config.experiments]
    for name in names:
        if names.count(name) > 1:
            raise ConfigError(f"experiments: the name {name!r} is used by several blocks; each needs its own")
    _check_figures(config, names)
    experiments, mistakes = [], []
    for number, block in enumerate(config.experiments):
        where = f"experiments[{number}] ({block.name})"
        try:
            room = config.max_runs - len(experiments)
            expanded = _expand(block, config.defaults, where, room, config.limits)
            if block.figure == "sweep":
                _check_sweep(block, config.defaults, expanded, where)
        except ConfigError as error:
            mistakes += error.mistakes
        else:
            experiments += expanded
    if mistakes:
        raise ConfigError(*mistakes)
    return config, experiments


def _mistakes_beside_unknown_keys(raw: dict) -> tuple[str, ...]:
    """What else is wrong where keys at the top are unknown: all mistakes are listed at once."""
    known = {key: value for key, value in raw.items() if key in RunConfig.model_fields}
    if not known or len(known) == len(raw):
        return ()
    try:
        parse_config(known)
    except ConfigError as error:
        return tuple(error.mistakes)
    return ()


def _check_sweep(block: Block, defaults: dict, experiments: list[Experiment], where: str) -> None:
    if not set(axes_of(block, defaults)) - {"estimator.method"}:
        raise ConfigError(f"{where}.figure is 'sweep': a setting other than the method must be a list of values")
    for experiment in experiments:
        if experiment.until not in ("score", "model"):
            raise ConfigError(f"{where}.until is {experiment.until!r}: a sweep goes until 'score' or 'model'")


def _check_figures(config: RunConfig, names: list[str]) -> None:
    drawn = list(names)
    for number, figure in enumerate(config.figures):
        if figure.name in drawn:
            raise ConfigError(f"figures[{number}].name is {figure.name!r}: a block or another figure has that name")
        drawn.append(figure.name)
        for name in figure.blocks:
            if name not in names:
                raise ConfigError(f"figures[{number}].blocks names {name!r}: the blocks are {', '.join(names)}")
    further = [figure.name for figure in config.figures]
    for name in config.head:
        if name not in further:
            raise ConfigError(f"head names {name!r}: the further figures are {', '.join(further) or 'none'}")


def axes_of(block: Block, defaults: dict) -> dict[str, list]:
    """Settings that a block gives several values, by their dotted names, in the order of the configuration."""
    return {".".join(path): values for path, values in _axes(_settings(block, defaults), Experiment, ())}


def _settings(block: Block, defaults: dict) -> dict:
    """What a block sets, on top of the defaults of the run."""
    own = block.model_dump(exclude=set(Block.model_fields), exclude_none=False)
    return _merge(copy.deepcopy(defaults), own | (block.model_extra or {}))


def _expand(block: Block, defaults: dict, where: str, room: int, limits: Limits) -> list[Experiment]:
    settings = _settings(block, defaults)
    for key in _OF_PLAN & set(settings):
        raise ConfigError(f"{where}.{key} is {settings[key]!r}: a block has no such key")
    axes = dict(_axes(settings, Experiment, ()))
    for path, values in axes.items():
        if not values:
            raise ConfigError(f"{where}.{'.'.join(path)} is an empty list: at least one value is needed")
        if block.mode == "grid" and (twice := _repeated(values)) is not None:
            raise ConfigError(f"{where}.{'.'.join(path)} lists {twice!r} twice: each value once is enough")
    if block.mode == "zip":
        lengths = {".".join(path): len(values) for path, values in axes.items()}
        if len(set(lengths.values())) > 1:
            counts = ", ".join(f"{key} has {n}" for key, n in lengths.items())
            raise ConfigError(f"{where}.mode is 'zip': lists must have equal lengths, but {counts}")
        combinations = list(zip(*axes.values())) if axes else [()]
    else:
        combinations = itertools.product(*axes.values())
    n_combinations = 1
    for values in axes.values():
        n_combinations = len(values) if block.mode == "zip" else n_combinations * len(values)
    if n_combinations * block.replicates > room:
        raise ConfigError(
            f"{where} makes {n_combinations * block.replicates} experiments: max_runs leaves room for {room}"
        )
    rows = []
    for combination in combinations:
        for replicate in range(block.first_replicate, block.first_replicate + block.replicates):
            row = copy.deepcopy(settings)
            for path, value in zip(axes, combination):
                _set(row, path, value)
            row.update(name=block.name, replicate=replicate)
            if _is_dataset(row):
                if "simulation" in (block.model_extra or {}):
                    raise ConfigError(f"{where}.simulation is given: data from a file are not simulated")
                row.pop("simulation", None)  # that of the defaults is for the systems that are simulated
            _fill_system_defaults(row, where)
            experiment = _validate(Experiment, row, where)
            try:
                check_sizes(experiment, limits)
            except ValueError as error:
                raise ConfigError(f"{where}: {error}") from None
            rows.append(experiment)
    return rows


def _repeated(values: list):
    """A value that a list holds twice; ``None`` if there is none."""
    return next((value for k, value in enumerate(values) if value in values[:k]), None)


def _axes(settings: dict, model: type[BaseModel], path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], list]]:
    """Lists that stand for several values: every list but those at keys whose single value is itself a list."""
    for key, value in settings.items():
        field = model.model_fields.get(key) if model is not None else None
        annotation = field.annotation if field is not None else None
        if isinstance(value, dict):
            yield from _axes(value, section_of(annotation, value), (*path, key))
        elif isinstance(value, list):
            takes_list = any(get_origin(option) is list for option in (annotation, *get_args(annotation)))
            if not takes_list or (value and all(isinstance(v, list) for v in value)):
                yield (*path, key), value


def section_of(annotation, value: dict) -> type[BaseModel] | None:
    """The section that a field of this type holds when its value is ``value``; ``None`` if it holds no section."""
    sections = []
    for option in (annotation, *get_args(annotation)):
        option = get_args(option)[0] if get_origin(option) is Annotated else option
        if isinstance(option, type) and issubclass(option, BaseModel):
            sections.append(option)
    if len(sections) > 1:
        kind = value.get("kind", "simulation")
        sections = [s for s in sections if kind in get_args(s.model_fields["kind"].annotation)] or sections
    return sections[0] if sections else None


def _is_dataset(row: dict) -> bool:
    return isinstance(row.get("system"), dict) and row["system"].get("kind") == "dataset"


def _fill_system_defaults(row: dict, where: str) -> None:
    if _is_dataset(row):
        return
    system = row.get("system")
    simulation = row.setdefault("simulation", {})
    if not isinstance(system, dict) or not isinstance(system.get("name"), str) or not isinstance(simulation, dict):
        return  # the validation that follows says what is wrong
    if system.get("kind", KINDS[0]) not in KINDS:
        raise ConfigError(f"{where}.system.kind is {system['kind']!r}: {' and '.join(map(repr, KINDS))} are known")
    try:
        defaults = get_system(system["name"]).defaults._asdict()
    except ValueError as error:
        raise ConfigError(f"{where}.system.name: {error}") from error
    for key, value in defaults.items():
        simulation.setdefault(key, value)


def _merge(base: dict, override: dict) -> dict:
    for key, value in override.items():
        if isinstance(value, dict) and isinstance(base.get(key), dict):
            _merge(base[key], value)
        else:
            base[key] = copy.deepcopy(value)
    return base


def _set(row: dict, path: tuple[str, ...], value) -> None:
    for key in path[:-1]:
        row = row[key]
    row[path[-1]] = value


def _validate(model: type[BaseModel], raw: dict, where: str):
    try:
        return model.model_validate(raw)
    except ValidationError as error:
        # A key of several types fails once for each of them: the first says enough.
        first = {_without_tags(each["loc"])[:2]: each for each in reversed(error.errors())}
        raise ConfigError(*(_sentence(each, model, where) for each in reversed(first.values()))) from None


def _sentence(error: dict, model: type[BaseModel], where: str) -> str:
    """One sentence for something that pydantic found wrong."""
    known = _fields_at(model, error["loc"][:-1]) if error["type"] == "extra_forbidden" else None
    text = sentence({**error, "loc": _without_tags(error["loc"])}, where, known)
    value = error.get("input")
    if error["type"] in ("float_type", "int_type") and isinstance(value, str):
        with suppress(ValueError):
            float(value)
            text += " (YAML reads 1e-5 as text: write 1.0e-5)"
    return text


def _without_tags(location: tuple) -> tuple:
    """The place of an error without the kind of system that pydantic puts after ``system``."""
    return tuple(part for k, part in enumerate(location) if not (k and location[k - 1] == "system" and part in KINDS))


def _fields_at(model: type[BaseModel], location: tuple) -> list[str]:
    for part in location:
        field = model.model_fields.get(part) if isinstance(part, str) else None
        if field is not None:
            kind = location[location.index(part) + 1] if part == "system" and len(location) > 1 else None
            model = section_of(field.annotation, {} if kind is None else {"kind": kind}) or model
    return list(model.model_fields)
