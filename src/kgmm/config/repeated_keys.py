"""Keys that a configuration file holds twice: YAML would take the last one without a word."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import yaml

from kgmm.config.parsing import ConfigError


def refuse_repeated_keys(files: Iterable[str | Path]) -> None:
    """Raises :class:`ConfigError` that names every key that stands twice in one mapping of a YAML file.

    Files that are not YAML are left to those that read them.
    """
    mistakes = []
    for file in files:
        try:
            with open(file, encoding="utf-8") as text:
                root = yaml.compose(text, Loader=yaml.SafeLoader)
        except (OSError, ValueError, yaml.YAMLError):
            continue
        for key in _repeated(root, set()):
            line = key.start_mark.line + 1
            mistakes.append(f"{file}, line {line}: {key.value!r} is there for the second time, and only one can count")
    if mistakes:
        raise ConfigError(*mistakes)


def _repeated(node: yaml.Node | None, seen: set[int]) -> Iterator[yaml.Node]:
    # An anchor that is referred to many times is one node.
    if node is None or id(node) in seen:
        return
    seen.add(id(node))
    if isinstance(node, yaml.MappingNode):
        keys = set()
        for key, value in node.value:
            if isinstance(key, yaml.ScalarNode):
                # Several mappings can be merged.
                if key.value in keys and key.tag != "tag:yaml.org,2002:merge":
                    yield key
                keys.add(key.value)
            yield from _repeated(value, seen)
    elif isinstance(node, yaml.SequenceNode):
        for value in node.value:
            yield from _repeated(value, seen)
