"""Hooks of the documentation's site: pages from elsewhere in the repository, and the reference of the public API."""

from __future__ import annotations

import re
from pathlib import Path

from mkdocs.structure.files import File

import kgmm

_ROOT = Path(__file__).parents[1]
_PAGES = {"index.md": "README.md", "configuration.md": "config/README.md"}
_REMOTE = re.compile(r'<script src="https?://[^"]*"></script>')
_ROLE = re.compile(r":(?:class|meth|func|data|mod|attr):\s*(?=<code>)")
_LINK = re.compile(r"\[([^\]]*)\]\((?!https?:|#)([^)#\s]+)(#[^)\s]*)?\)")


def on_files(files, config):
    """Adds the pages that are no files in ``docs/``."""
    for page, source in _PAGES.items():
        files.append(File.generated(config, page, content=(_ROOT / source).read_text()))
    files.append(File.generated(config, "reference.md", content=reference()))
    return files


def on_page_markdown(markdown, page, config, files):
    """Turns links between places of the repository into links between pages; others become text."""
    source = _PAGES.get(page.file.src_uri)
    folder = (_ROOT / source).parent if source else _ROOT / "docs"
    return _LINK.sub(lambda match: _on_site(match, folder), markdown)


def on_post_page(output, page, config):
    """Takes out Sphinx's roles, and the one script from the network, which the theme loads for a search in files.

    The gallery takes pages for folders in one of its two paths of each picture.
    """
    return _ROLE.sub("", _REMOTE.sub("", output)).replace('srcset="../images/', 'srcset="images/')


def on_post_template(output_content, template_name, config):
    """The same of pages that are not written by us."""
    return _REMOTE.sub("", output_content)


def _on_site(match: re.Match, folder: Path) -> str:
    text, target, anchor = match.group(1), match.group(2), match.group(3) or ""
    path = (folder / target).resolve()
    page = next((page for page, source in _PAGES.items() if (_ROOT / source).resolve() == path), None)
    if page is None and path.is_relative_to(_ROOT / "docs"):
        page = str(path.relative_to(_ROOT / "docs"))
    if page is None:
        place = path.relative_to(_ROOT) if path.is_relative_to(_ROOT) else target
        return f"`{place}`" if target.endswith(text) else f"{text} (`{place}`)"
    return f"[{text}]({page}{anchor})"


def reference() -> str:
    """The page of the public API, in alphabetical order."""
    lines = ["# Reference", "", "Everything that `import kgmm` offers; everything else may change.", ""]
    for name in kgmm.__all__:
        lines += [f"::: {kgmm._PUBLIC[name]}.{name}", ""]
    return "\n".join(lines)
