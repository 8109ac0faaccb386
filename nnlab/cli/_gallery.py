"""Turn a folder of executed notebooks into web pages that need no network to view."""

import json
import re
from datetime import datetime
from pathlib import Path
from urllib.parse import quote

import nbformat
from jinja2 import Environment, PackageLoader

from nnlab.cli._formulas import without_formulas
from nnlab.cli._pages import body_of
from nnlab.cli._parameters import text_of
from nnlab.cli._records import facts_of, metrics_of
from nnlab.cli._writing import write_whole

FIGURES = ("image/gif", "image/png", "image/jpeg")
# How tables, images, lists, code and formulas begin.
NOT_PROSE = re.compile(r"[|<>]|!?\[!?\[|!\[|```|[-*+] |\d+\. |\$\$")


def write_gallery(folder, sources=(), comparison=None):
    """Write ``index.html`` and a page per notebook; return the path of ``index.html``.

    folder: it holds ``results.json`` and the executed notebooks, and gets the pages. A notebook
    that could not be read has a card, but no page.
    sources: paths of the notebooks that ran; pictures in their Markdown lie beside them.
    comparison: (name of an earlier run, list of `Change` since then), or None.
    """
    folder = Path(folder)
    run = json.loads((folder / "results.json").read_text("utf-8"))
    homes = {path.stem: path.parent for path in map(Path, sources)}
    pages = _page_names([result["name"] for result in run["notebooks"]])
    cards = []
    shown = []  # the cards that have a page, with their notebooks
    for result in run["notebooks"]:
        name = result["name"]
        notebook = _notebook_at(folder / f"{name}.ipynb")
        card = _card(result, notebook, pages[name], quick=run.get("quick"))
        cards.append(card)
        if notebook:
            shown.append((card, notebook, homes.get(name, folder)))
    templates = Environment(loader=PackageLoader("nnlab.cli"), autoescape=True)
    _write_pages(folder, templates.get_template("page.html"), shown, run.get("quick"))
    index = _index(templates.get_template("index.html"), cards, run, comparison)
    write_whole(folder / "index.html", index)
    return folder / "index.html"


def _write_pages(folder, template, shown, quick):
    for i, (card, notebook, home) in enumerate(shown):
        content, contents = body_of(notebook, home)
        page = template.render(
            card=card,
            content=content,
            contents=contents,
            quick=quick,
            before=shown[i - 1][0] if i else None,
            after=shown[i + 1][0] if i + 1 < len(shown) else None,
        )
        write_whole(folder / card["page"], page)


def _index(template, cards, run, comparison):
    now = datetime.now()
    return template.render(
        cards=cards,
        quick=run.get("quick"),
        failed=sum(card["status"] == "failed" for card in cards),
        seconds=_duration(sum(result["seconds"] for result in run["notebooks"])),
        date=f"{now.day} {now:%B %Y, %H:%M}",
        facts=list(facts_of(run["notebooks"]).items()),
        comparison=comparison,
    )


def _page_names(names):
    """Return name → file of its page; none is the gallery's index.html, and no two are the same."""
    taken = {name.casefold() for name in names}
    pages = {}
    for name in names:
        page = name
        while page.casefold() == "index" or (page != name and page.casefold() in taken):
            page += "_notebook"
        taken.add(page.casefold())
        pages[name] = f"{page}.html"
    return pages


def _notebook_at(path):
    return nbformat.read(path, as_version=4) if path.is_file() else None


def _card(result, notebook, page, *, quick):
    """Return what the templates show of a notebook, as plain text: they escape it.

    The first paragraph, its goal, is left out after a quick run: only a full one makes it true.
    """
    title, goal = _title_and_goal(notebook) if notebook else ("", "")
    records = result["records"]
    datasets = [str(record["dataset"]) for record in records if "dataset" in record]
    return {
        "name": result["name"],
        "title": title or result["name"],
        "goal": "" if quick else goal,
        "page": page,
        "link": quote(page) if notebook else None,
        "thumbnail": _thumbnail(notebook) if notebook else None,
        "metrics": list(metrics_of(records).items()),
        "parameters": text_of(result.get("parameters", {})),
        "datasets": list(dict.fromkeys(datasets)),
        "seconds": _duration(result["seconds"]),
        "status": result["status"],
        "error": result["error"],
    }


def _title_and_goal(notebook):
    """Return the first heading and the first paragraph of the Markdown cells, "" for none."""
    text = "\n\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    heading = re.search(r"(?m)^#+ +(.+)$", text)
    rest = re.sub(r"(?m)^#+ .*$", "\n\n", text)
    blocks = map(str.strip, re.split(r"\n\s*\n", rest))
    paragraphs = (block for block in blocks if block and not NOT_PROSE.match(block))
    return _plain(heading[1]) if heading else "", _plain(next(paragraphs, ""))


def _plain(markdown):
    """Return Markdown without the marks of links, emphasis, code and formulas."""
    text = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", without_formulas(markdown))
    text = re.sub(r"(?<!\\)(\*\*|__|`|(?<!\w)[*_](?=\w)|(?<=\w)[*_](?!\w))", "", text)
    return " ".join(re.sub(r"\\([$*_`\\])", r"\1", text).split())


def _thumbnail(notebook):
    """Return a figure as a data URI: of a cell tagged ``thumbnail``, else the first one."""

    def is_other(cell):
        return "thumbnail" not in cell.metadata.get("tags", [])

    for cell in sorted(notebook.cells, key=is_other):
        for output in cell.get("outputs", []):
            for kind in FIGURES:
                if image := output.get("data", {}).get(kind):
                    return f"data:{kind};base64,{''.join(image.split())}"
    return None


def _duration(seconds):
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{seconds:.1f} s"
