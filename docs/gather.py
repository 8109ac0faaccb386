"""Gather what the site is made of: pages written by hand, the notebooks, pages made from records and code.

    python docs/gather.py build/site-source
    sphinx-build -c docs -W build/site-source build/site
"""

import base64
import importlib
import json
import pkgutil
import re
import shutil
import sys
from pathlib import Path

import nnlab
from results import RECORD, duration, record_of

ROOT = Path(__file__).resolve().parents[1]
DECADES = {
    "0": "Foundations",
    "1": "Images",
    "2": "Sequences",
    "6": "Production",
}
WHOLE = ("nnlab.notebook", "nnlab.launching")  # modules that are documented beside the packages


def main(target):
    """Fill a folder with the sources of the site; what was in it before is gone."""
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(ROOT / "docs" / "site", target)
    lessons = sorted((ROOT / "notebooks").glob("*.ipynb"))
    solutions = sorted((ROOT / "notebooks" / "solutions").glob("*.ipynb"))
    for path in [*lessons, *solutions]:
        copy_notebook(path, target / path.relative_to(ROOT))
    gallery(lessons, target)
    (target / "api.md").write_text(api(), "utf-8")
    (target / "commands.md").write_text(commands(), "utf-8")
    (target / "glossary.md").write_text(glossary(lessons), "utf-8")
    (target / "solutions.md").write_text(list_of_solutions(solutions), "utf-8")


# ---- notebooks -----------------------------------------------------------------------------------


def copy_notebook(path, place):
    """Copy a notebook with what myst-nb wants: hidden input as a tag, alternative text per cell."""
    notebook = json.loads(path.read_text("utf-8"))
    for cell in notebook["cells"]:
        metadata = cell["metadata"]
        if metadata.get("jupyter", {}).get("source_hidden"):
            metadata.setdefault("tags", []).append("hide-input")
        for output in cell.get("outputs", []):
            output.get("data", {}).pop(RECORD, None)  # the table beside it is shown
        texts = [alternative_text(output) for output in cell.get("outputs", [])]
        if any(texts):
            metadata["mystnb"] = {"image": {"alt": "; ".join(filter(None, texts))}}
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(json.dumps(notebook), "utf-8")


def alternative_text(output):
    pictures = [value for kind, value in output.get("metadata", {}).items() if "image/" in kind]
    return pictures[0].get("alt", "") if pictures else ""


def title_and_opening(path):
    """Return the heading of a notebook and the first paragraph below it."""
    first = "".join(json.loads(path.read_text("utf-8"))["cells"][0]["source"])
    heading, _, text = first.partition("\n")
    return heading.lstrip("# "), text.strip().split("\n\n")[0]


def gallery(lessons, target):
    """Write the front page: a card for each notebook, with a figure, its results and its time."""
    front = (ROOT / "docs" / "site" / "index.md").read_text("utf-8")
    cards = []
    for digit, decade in DECADES.items():
        chosen = [path for path in lessons if path.name.startswith(digit)]
        if chosen:
            cards += [f"## {decade}", "", "::::{grid} 1 2 2 3", ":gutter: 3", ""]
            cards += [card(path, target) for path in chosen]
            cards += ["::::", ""]
    front = front.replace("<!-- the cards -->", "\n".join(cards))
    entries = [f"notebooks/{path.stem}" for path in lessons]
    (target / "index.md").write_text(front.replace("<!-- the notebooks -->", "\n".join(entries)), "utf-8")


def card(path, target):
    """Return a notebook's card, in MyST; its picture is written into a folder of the target."""
    title, _ = title_and_opening(path)
    record = record_of(path)
    shown = [f"{each['name']} **{each['value']:.4g}**" for each in record["metrics"][:2]]
    (target / "thumbnails").mkdir(exist_ok=True)
    kind, picture = thumbnail(path)
    place = f"thumbnails/{path.stem}.{kind}"
    (target / place).write_bytes(picture)
    return "\n".join(
        [
            f":::{{grid-item-card}} {title}",
            f":link: notebooks/{path.stem}",
            ":link-type: doc",
            f":img-bottom: {place}",
            f":img-alt: A figure of this notebook: {title}",
            "",
            f"{'; '.join(shown)} ({duration(record['seconds'])})",
            ":::",
            "",
        ]
    )


def thumbnail(path):
    """Return the kind and the bytes of the figure tagged so, else of the first one."""
    cells = json.loads(path.read_text("utf-8"))["cells"]
    cells.sort(key=lambda cell: "thumbnail" not in cell["metadata"].get("tags", []))
    for cell in cells:
        for output in cell.get("outputs", []):
            for kind in ("gif", "png"):
                if picture := output.get("data", {}).get(f"image/{kind}"):
                    return kind, base64.b64decode("".join(picture))
    raise ValueError(f"{path} shows no figure: run it in full")


def list_of_solutions(solutions):
    links = "\n".join(f"notebooks/solutions/{path.stem}" for path in solutions)
    return (
        "# Solutions\n\nThe exercises of the notebooks, solved, run and checked.\n\n"
        f"```{{toctree}}\n:maxdepth: 1\n\n{links}\n```\n"
    )


# ---- pages from the code -------------------------------------------------------------------------


def api():
    """Return a page with every public function and class, from their docstrings."""
    parts = [f"# Library\n\n{nnlab.__doc__.splitlines()[0]}\n"]
    for info in sorted(pkgutil.iter_modules(nnlab.__path__, "nnlab."), key=lambda one: one.name):
        if info.name != "nnlab.cli":
            module = importlib.import_module(info.name)
            names = getattr(module, "__all__", None) or public_names(module)
            parts.append(f"## {info.name}\n\n{module.__doc__.splitlines()[0]}\n")
            for name in names:
                kind = "class" if isinstance(getattr(module, name), type) else "function"
                members = "\n   :members:" if kind == "class" else ""
                parts.append(f"```{{eval-rst}}\n.. auto{kind}:: {info.name}.{name}{members}\n```\n")
    return "\n".join(parts)


def public_names(module):
    """Return the public functions and classes that a module defines, in its order."""
    return [
        name
        for name, value in vars(module).items()
        if not name.startswith("_") and getattr(value, "__module__", "") == module.__name__
    ]


def commands():
    """Return a page with the help of each command, and the environment variables."""
    from typer.main import get_command
    from typer import Context
    from nnlab.cli import app

    group = get_command(app)
    context = Context(group, info_name="nnlab")
    parts = [(ROOT / "docs" / "site" / "commands.md").read_text("utf-8")]
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        parts.append(f"## nnlab {name}\n\n{command.help}\n")
        rows = []
        for parameter in command.get_params(Context(command, info_name=name)):
            shown = ", ".join([*parameter.opts, *parameter.secondary_opts])
            help_text = getattr(parameter, "help", "") or ""
            rows.append(f"| `{shown}` | {help_text} |")
        if rows:
            parts.append("| option | what it does |\n| --- | --- |\n" + "\n".join(rows) + "\n")
    return "\n".join(parts)


def glossary(lessons):
    """Return a page of the terms in bold: each with the sentence that introduces it, and a link."""
    found = {}
    for path in lessons:
        cells = json.loads(path.read_text("utf-8"))["cells"]
        prose = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown"]
        for text in prose:
            for paragraph in text.split("\n"):
                for sentence in re.split(r"(?<=[.:?!])\s+(?=[A-Z*$(])", paragraph):
                    for term in re.findall(r"\*\*([^*]+)\*\*", sentence):
                        key = term.strip(" .:").lower()
                        found.setdefault(key, (term.strip(" .:"), sentence.strip(), path))
    parts = ["# Glossary\n\nEach term, in the sentence that introduces it.\n"]
    for _, (term, sentence, path) in sorted(found.items()):
        number = path.stem[:2]
        said = re.sub(r"^[*\-\d.]+\s+(?=\S)", "", sentence)
        said = re.sub(r"\]\((?=\w+\.ipynb)", "](notebooks/", said)
        parts.append(f"**{term}**\n: {said} [{number}](notebooks/{path.name})\n")
    return "\n".join(parts)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
