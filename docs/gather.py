"""Gather what the site is made of: pages written by hand, notebooks, pages made from code.

    python docs/gather.py build/site-source
    sphinx-build -c docs -W build/site-source build/site

The sources lie as in the repository, so that links between them hold; only what is in docs/site
comes to the top.
"""

import json
import os
import re
import shutil
import sys
from pathlib import Path

import address
import gallery
import glossary
import reference
from results import RECORD, ROOT

from nnlab.cli._pages import describe_figures, why_folded

SITE = ROOT / "docs" / "site"
PAGES = ("bench", "data", "examples/cluster", "examples/serving", "CONTRIBUTING.md", "CHANGELOG.md")
LINK = re.compile(r"\]\(([^)#\s:]+)(#[^)\s]*)?\)")


def main(target):
    """Fill a folder with the sources of the site; what was in it before is gone."""
    shutil.rmtree(target, ignore_errors=True)
    lessons = sorted((ROOT / "notebooks").glob("*.ipynb"))
    solutions = sorted((ROOT / "notebooks" / "solutions").glob("*.ipynb"))
    for path in [*lessons, *solutions]:
        write(target / path.relative_to(ROOT), json.dumps(for_the_site(path)))
    for path in SITE.glob("*.md"):
        write(target / path.name, path.read_text("utf-8").replace("](../../", "]("))
    for name in PAGES:
        copy_page(ROOT / name, target)
    write(target / "index.md", gallery.front_page(target / "index.md", lessons, solutions, target))
    for name, text in reference.pages().items():
        write(target / name, text)
    write(target / "glossary.md", glossary.page(lessons))


def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")


def copy_page(path, target):
    """Copy a page, given by itself or as its folder, with the files that it links to."""
    page = path / "README.md" if path.is_dir() else path
    text = page.read_text("utf-8")
    write(target / page.relative_to(ROOT), text)
    for name, _ in LINK.findall(text):
        linked = page.parent / name
        if linked.suffix not in (".md", ".ipynb"):
            place = target / linked.relative_to(ROOT)
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(linked, place)


def for_the_site(path):
    """Return a notebook as a dict: folded cells tagged for myst-nb, each picture with a text.

    Links to a hosted service are left out where nobody has published the notebooks yet.
    """
    notebook = json.loads(path.read_text("utf-8"))
    describe_figures(notebook)
    shown = []
    for cell in notebook["cells"]:
        if "hosted" in cell["metadata"].get("tags", []):
            if cell["cell_type"] == "code" or not published():
                continue
            written = "".join(cell["source"])
            cell["source"] = address.moved(written, address.repository(), published())
        if why_folded(cell):
            cell["metadata"].setdefault("tags", []).append("hide-input")
        for output in cell.get("outputs", []):
            output.get("data", {}).pop(RECORD, None)  # the table beside it is shown
        shown.append(cell)
    return notebook | {"cells": shown}


def published():
    """Return the repository that publishes this site, "owner/name"; "" where nobody does yet."""
    name = os.environ.get("GITHUB_REPOSITORY") or address.repository()
    return "" if name.startswith("OWNER/") else name


if __name__ == "__main__":
    main(Path(sys.argv[1]))
