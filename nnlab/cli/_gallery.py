"""Turn a folder of executed notebooks into web pages that need no network to view."""

import json
import re
from datetime import datetime
from pathlib import Path
from urllib.parse import quote

import nbformat
from jinja2 import Environment, PackageLoader
from markupsafe import Markup
from nbconvert import HTMLExporter
from nbconvert.filters.markdown_mistune import InvalidNotebook

FIGURES = ("image/gif", "image/png", "image/jpeg")
NOT_PROSE = re.compile(
    r"[|<>]|!?\[!?\[|!\[|```|[-*+] |\d+\. |\$\$"
)  # how tables, images, lists, code begin


def write_gallery(folder):
    """Write ``index.html`` and one page per notebook from ``results.json`` and the notebooks beside it.

    Return the path of ``index.html``. A notebook that could not be read has a card, but no page.
    """
    folder = Path(folder)
    run = json.loads((folder / "results.json").read_text("utf-8"))
    templates = Environment(loader=PackageLoader("nnlab.cli"), autoescape=True)
    paths = [folder / f"{result['name']}.ipynb" for result in run["notebooks"]]
    notebooks = [nbformat.read(path, as_version=4) if path.is_file() else None for path in paths]
    cards = [
        _card(result, notebook)
        for result, notebook in zip(run["notebooks"], notebooks, strict=True)
    ]
    pages = [(card, notebook) for card, notebook in zip(cards, notebooks, strict=True) if notebook]
    for i, (card, notebook) in enumerate(pages):
        page = templates.get_template("page.html").render(
            card=card,
            content=_body(notebook),
            before=pages[i - 1][0] if i else None,
            after=pages[i + 1][0] if i + 1 < len(pages) else None,
        )
        _write(folder / card["page"], page)
    now = datetime.now()
    index = templates.get_template("index.html").render(
        cards=cards,
        quick=run.get("quick"),
        failed=sum(card["status"] == "failed" for card in cards),
        seconds=_duration(sum(result["seconds"] for result in run["notebooks"])),
        date=f"{now.day} {now:%B %Y, %H:%M}",
        facts=_facts(run["notebooks"]),
    )
    _write(folder / "index.html", index)
    return folder / "index.html"


def _write(path, text):
    """Write a whole page or none."""
    part = path.with_name(f".{path.name}.part")
    try:
        part.write_bytes(text.encode("utf-8", "backslashreplace"))
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def _card(result, notebook):
    """Return what the templates show of a notebook, as plain text: they escape it."""
    title, goal = _title_and_goal(notebook) if notebook else (None, None)
    page = "index_notebook.html" if result["name"] == "index" else f"{result['name']}.html"
    records = result["records"]
    metrics = {
        name: value for record in records for name, value in record.get("metrics", {}).items()
    }
    return {
        "name": result["name"],
        "title": title or result["name"],
        "goal": goal,
        "page": page,
        "link": notebook and quote(page),
        "thumbnail": notebook and _thumbnail(notebook),
        "metrics": [(name.replace("_", " "), _number(value)) for name, value in metrics.items()],
        "datasets": list(
            dict.fromkeys(str(record["dataset"]) for record in records if "dataset" in record)
        ),
        "seconds": _duration(result["seconds"]),
        "status": result["status"],
        "error": result["error"],
    }


def _title_and_goal(notebook):
    """Return the first heading and the first paragraph of the markdown cells, None where there is none."""
    text = "\n\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    heading = re.search(r"(?m)^#+ +(.+)$", text)
    blocks = map(str.strip, re.split(r"\n\s*\n", re.sub(r"(?m)^#+ .*$", "\n\n", text)))
    paragraphs = (block for block in blocks if block and not NOT_PROSE.match(block))
    return heading and _plain(heading[1]), _plain(next(paragraphs, ""))


def _plain(markdown):
    """Return markdown without the marks of links, emphasis and code."""
    text = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", markdown)
    return " ".join(re.sub(r"(\*\*|__|`|(?<!\w)[*_](?=\w)|(?<=\w)[*_](?!\w))", "", text).split())


def _thumbnail(notebook):
    """Return the most telling figure as a data URI: of a cell tagged ``thumbnail``, else the first one."""
    cells = sorted(
        notebook.cells, key=lambda cell: "thumbnail" not in cell.metadata.get("tags", [])
    )
    for cell in cells:
        for output in cell.get("outputs", []):
            for kind in FIGURES:
                if image := output.get("data", {}).get(kind):
                    return f"data:{kind};base64,{''.join(image.split())}"
    return None


def _body(notebook):
    """Return the notebook's cells as HTML."""
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            data = output.get("data", {})
            if "image/gif" in data:  # nbconvert shows no GIF by itself
                data["text/html"] = (
                    f'<img src="data:image/gif;base64,{"".join(data["image/gif"].split())}">'
                )
    try:
        html, _ = HTMLExporter(template_name="basic").from_notebook_node(notebook)
    except (InvalidNotebook, RuntimeError) as error:  # the second: an attachment without content
        return f"This notebook cannot be shown as a page: {error}."
    return Markup(
        html
    )  # what a notebook's own author wrote; the page's policy keeps it from the network


def _facts(results):
    """Return (name, value) pairs: device and versions of all records, in the order they first appear."""
    facts = {}
    for record in (record for result in results for record in result["records"]):
        for name, value in {"device": record.get("device"), **record.get("versions", {})}.items():
            if value and value not in facts.setdefault(name, []):
                facts[name].append(value)
    return [(name, "; ".join(map(str, values))) for name, values in facts.items()]


def _number(value):
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _duration(seconds):
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{seconds:.1f} s"
