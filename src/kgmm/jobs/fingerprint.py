"""Fingerprints of the code a stage runs, so that editing it reruns that stage and touching it does not."""

from __future__ import annotations

import ast
import hashlib
from functools import cache
from pathlib import Path

import kgmm

_PACKAGE = Path(__file__).parents[1]
# They can change what a job says but not what it computes.
_WITHOUT_EFFECT = ("kgmm.jobs.job", "kgmm.jobs.failures", "kgmm.progress", "kgmm.errors")


@cache
def stage_fingerprint(script: str | Path, extra_modules: tuple[str, ...] = ()) -> str:
    """Hash of a stage's script and of every module of the library that it imports, directly or not.

    Comments, docstrings and layout do not count. ``extra_modules`` are modules that are found by name at run time.
    """
    digest = hashlib.sha256(_normalized(Path(script)).encode())
    for name in sorted(_closure(Path(script), extra_modules)):
        digest.update(f"\n{name}\n{_normalized(_file_of(name))}".encode())
    return digest.hexdigest()[:16]


def _closure(script: Path, extra_modules: tuple[str, ...]) -> set[str]:
    found: set[str] = set()
    pending = [*_imports(script), *extra_modules]
    while pending:
        name = pending.pop()
        if name in found or name in _WITHOUT_EFFECT:
            continue
        found.add(name)
        pending += _imports(_file_of(name))
    return found


@cache
def _imports(path: Path) -> tuple[str, ...]:
    """Modules of the library that a file imports anywhere in it, by full name, with the packages they are in."""
    names: set[str] = set()
    for node in ast.walk(_WithoutTyping().visit(ast.parse(path.read_text()))):
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


@cache
def _normalized(path: Path) -> str:
    tree = ast.parse(path.read_text())
    for node in ast.walk(tree):
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)) and ast.get_docstring(
            node, clean=False
        ):
            node.body = node.body[1:] or [ast.Pass()]
    return ast.dump(tree)
