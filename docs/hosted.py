"""Give notebooks two cells: links that open them on a hosted service, and an installation there.

    python docs/hosted.py          # all notebooks: add the cells, or bring them up to date
    python docs/hosted.py --check  # change nothing; name those that need it, and fail if one does
    python docs/hosted.py notebooks/10_transfer_learning.ipynb

Both follow the title and are tagged "hosted". The address is the one in pyproject.toml, by
`address.py`. All else in a notebook stays: outputs, ids, metadata; the counts of the cells that ran
go up by one.
"""

import argparse
import json
import re
import sys
from pathlib import Path

from address import ROOT, repository

TAG = "hosted"
COLAB = "https://colab.research.google.com/github/{blob}"
KAGGLE = "https://kaggle.com/kernels/welcome?src=https://github.com/{blob}"
# No pictures: they would have to be fetched, and a link has its text.
LINKS = (
    f"Run this notebook in the cloud: [Open in Colab]({COLAB}) or [Open in Kaggle]({KAGGLE})"
    " (there, first turn on *Internet* in the settings)."
)
INSTALL = """\
from importlib.util import find_spec

if not find_spec("nnlab"):  # on Colab or Kaggle; elsewhere it is there
    url = "https://github.com/{repository}/archive/main.zip"
    get_ipython().run_line_magic("pip", f"install -q 'nnlab[{extras}] @ {{url}}'")"""

# extra → what in a notebook's code asks for it
EXTRAS = {
    "jax": r"^\s*(import|from) jax\b",
    "export": r"^\s*(import|from) onnxruntime\b",
}


def links(path):
    """Return the Markdown of the links that open the notebook in this file."""
    if not path.resolve().is_relative_to(ROOT):
        raise ValueError(f"{path} lies outside {ROOT}, so that nobody can open it from there")
    place = path.resolve().relative_to(ROOT).as_posix()
    return LINKS.format(blob=f"{repository()}/blob/main/{place}")


def install(notebook):
    """Return the code that installs nnlab with what a notebook needs, where it is not there."""
    cells = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    code = "\n".join("".join(cell["source"]) for cell in cells)
    asked = [extra for extra, sign in EXTRAS.items() if re.search(sign, code, re.MULTILINE)]
    extras = ["notebooks", *asked]
    return INSTALL.format(repository=repository(), extras=",".join(extras))


def as_lines(source):
    """Return a source as notebooks store it: a list of lines with their ends."""
    return source.splitlines(keepends=True)


def find(notebook, kind):
    """Return the cell of this kind that has the tag, or None."""
    for cell in notebook["cells"]:
        if cell["cell_type"] == kind and TAG in cell["metadata"].get("tags", []):
            return cell
    return None


def make_room(notebook):
    """Count every code cell that ran one higher, and return the count of one before them all."""
    ran = False
    for cell in notebook["cells"]:
        for counted in [cell, *cell.get("outputs", [])]:
            if counted.get("execution_count") is not None:
                counted["execution_count"] += 1
                ran = True
    return 1 if ran else None


def bring_up_to_date(notebook, path):
    """Give a notebook, the JSON of the file at this path, both cells as they should be."""
    if notebook.get("nbformat_minor", 0) < 5:
        raise ValueError(f"{path} is of a format before 4.5: save it in JupyterLab")
    if not notebook["cells"] or notebook["cells"][0]["cell_type"] != "markdown":
        raise ValueError(f"{path} does not begin with a Markdown cell, which holds its title")
    code = find(notebook, "code")
    if code is None:
        code = {
            "cell_type": "code",
            "execution_count": make_room(notebook),
            "id": "hosted-install",
            "metadata": {"jupyter": {"source_hidden": True}, "tags": [TAG]},
            "outputs": [],
            "source": [],
        }
        notebook["cells"].insert(1, code)
    text = find(notebook, "markdown")
    if text is None:
        text = {
            "cell_type": "markdown",
            "id": "hosted-links",
            "metadata": {"tags": [TAG]},
            "source": [],
        }
        notebook["cells"].insert(1, text)
    code["source"] = as_lines(install(notebook))
    text["source"] = as_lines(links(path))


def main(paths, *, check):
    """Bring notebooks up to date, or only check them; return the paths of those that were not."""
    behind = []
    for path in paths:
        before = path.read_text("utf-8")
        notebook = json.loads(before)
        bring_up_to_date(notebook, path)
        if notebook != json.loads(before):
            behind.append(path)
            if not check:
                text = json.dumps(notebook, indent=1, ensure_ascii=False)
                path.write_text(f"{text}\n", encoding="utf-8")
    return behind


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="change nothing; fail if one needs it")
    parser.add_argument("notebooks", nargs="*", type=Path, help="all, if none is named")
    options = parser.parse_args()
    lessons = sorted((ROOT / "notebooks").glob("*.ipynb"))
    everything = lessons + sorted((ROOT / "notebooks" / "solutions").glob("*.ipynb"))
    try:
        behind = main(options.notebooks or everything, check=options.check)
    except (OSError, ValueError) as error:
        sys.exit(str(error))
    for path in behind:
        print(path.resolve().relative_to(ROOT))
    if options.check and behind:
        sys.exit("python docs/hosted.py brings them up to date")
