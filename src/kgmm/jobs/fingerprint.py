"""Fingerprints of the code a job runs, so that editing it reruns that job and touching it does not."""

from __future__ import annotations

import ast
import hashlib
import json
import os
from contextlib import suppress
from functools import cache
from pathlib import Path

import kgmm

_PACKAGE = Path(__file__).parents[1]
_CACHE = Path(".snakemake/kgmm_modules.json")
# They can change what a job says but not what it computes.
_WITHOUT_EFFECT = (
    "kgmm.errors", "kgmm.jobs.damage", "kgmm.jobs.failures", "kgmm.jobs.logs", "kgmm.jobs.receipts", "kgmm.jobs.reruns",
    "kgmm.jobs.run", "kgmm.progress",
)  # fmt: skip


@cache
def stage_fingerprint(stage: str, *modules: str) -> str:
    """Hash of the code of a stage.

    Parameters
    ----------
    stage : str
        Name of the stage.
    *modules : str
        Further modules that the stage finds by their names at run time.
    """
    return module_fingerprint((f"kgmm.stages.{stage}", *modules))


@cache
def module_fingerprint(modules: tuple[str, ...]) -> str:
    """Hash of the code of modules, given by their full names."""
    return _fingerprint(modules, "")


@cache
def script_fingerprint(script: str) -> str:
    """Hash of the code of a script in ``workflow/scripts``."""
    path = Path(script)
    return _fingerprint(_module_at(path).imports, _module_at(path).digest)


def _fingerprint(start: tuple[str, ...], first: str) -> str:
    """Hash of modules and of every module of the library that they import, directly or not.

    Comments, docstrings and layout do not count.
    """
    digest = hashlib.sha256(first.encode())
    for name in sorted(closure(start)):
        digest.update(f"\n{name}\n{_module(name).digest}".encode())
    return digest.hexdigest()[:16]


def closure(start: tuple[str, ...]) -> set[str]:
    """Full names of the modules ``start`` and of all that they import whose code can change a result."""
    found: set[str] = set()
    pending = list(start)
    while pending:
        name = pending.pop()
        if name in found or name in _WITHOUT_EFFECT:
            continue
        found.add(name)
        pending += _module(name).imports
    return found


def modules_of(package: str) -> list[str]:
    """Full names of the modules in a package of the library."""
    folder = _file_of(package).parent
    return sorted(f"{package}.{path.stem}" for path in folder.glob("*.py") if path.stem != "__init__")


class _Module:
    """What counts of a source file: a hash of its code, and the modules of the library that it imports."""

    def __init__(self, digest: str, imports: tuple[str, ...]):
        self.digest, self.imports = digest, imports

    @classmethod
    def read(cls, path: Path) -> _Module:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        imports = _imports(tree, path)
        return cls(hashlib.sha256(_without_docstrings(tree).encode()).hexdigest(), imports)


def _module(name: str) -> _Module:
    return _module_at(_file_of(name))


@cache
def _module_at(path: Path) -> _Module:
    """The module in a file: parsed, or as it was parsed before."""
    stat = os.stat(path)
    stamp = [stat.st_size, stat.st_mtime_ns]
    known = _parsed().get(str(path))
    if known is not None and known["stamp"] == stamp:
        return _Module(known["digest"], tuple(known["imports"]))
    module = _Module.read(path)
    _parsed()[str(path)] = {"stamp": stamp, "digest": module.digest, "imports": module.imports}
    return module


@cache
def _parsed() -> dict[str, dict]:
    """Modules as an earlier process parsed them: parsing all takes two seconds, which every plan would pay."""
    with suppress(OSError, ValueError):
        stored = json.loads(_CACHE.read_text(encoding="utf-8"))
        if isinstance(stored, dict):
            return stored
    return {}


def remember_modules() -> None:
    """Stores what was parsed for the next process."""
    with suppress(OSError):  # a folder that cannot be written costs time only
        _CACHE.parent.mkdir(exist_ok=True)
        part = _CACHE.with_suffix(f".{os.getpid()}.part")
        part.write_text(json.dumps(_parsed()))
        part.replace(_CACHE)


def _imports(tree: ast.Module, path: Path) -> tuple[str, ...]:
    """Modules of the library that a file imports anywhere in it, by full name, with the packages they are in."""
    names: set[str] = set()
    for node in ast.walk(_WithoutTyping().visit(tree)):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            names.update(_imported_from(node, path))
    for name in list(names):
        parts = name.split(".")
        names.update(".".join(parts[:k]) for k in range(2, len(parts)))
    return tuple(sorted(name for name in names if name.startswith("kgmm.") and _file_of(name).exists()))


def _imported_from(node: ast.ImportFrom, path: Path) -> set[str]:
    module = node.module or ""
    if node.level:
        package = ("kgmm", *path.relative_to(_PACKAGE).parts[: -node.level])
        module = ".".join((*package, module) if module else package)
    if module == "kgmm":
        # The public names are loaded when first used, from where the package says.
        public = {alias.name: kgmm._PUBLIC.get(alias.name) for alias in node.names}
        return {home or f"kgmm.{name}" for name, home in public.items()}
    # "from kgmm.figures import planar" imports a module; "from kgmm.score.model import ScoreModel" does not.
    return {module, *(f"{module}.{alias.name}" for alias in node.names)}


class _WithoutTyping(ast.NodeTransformer):
    """Drops ``if TYPE_CHECKING:`` blocks, which do not run."""

    def visit_If(self, node: ast.If):
        self.generic_visit(node)
        return node.orelse if isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING" else node


def _file_of(module: str) -> Path:
    base = _PACKAGE.joinpath(*module.split(".")[1:])
    return base / "__init__.py" if base.is_dir() else base.with_suffix(".py")


def _without_docstrings(tree: ast.Module) -> str:
    for node in ast.walk(tree):
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)) and ast.get_docstring(
            node, clean=False
        ):
            node.body = node.body[1:] or [ast.Pass()]
    return ast.dump(tree)
