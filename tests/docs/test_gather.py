"""What the site is made of, and the tables that repeat what a program knows better: no Sphinx."""

import io
import json
import re
import sys
from pathlib import Path
from urllib.parse import unquote

import pytest
from PIL import Image
from typer.main import get_command

from nnlab.cli import app

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
sys.path.insert(0, str(DOCS))
import gallery  # noqa: E402
import gather  # noqa: E402
import glossary  # noqa: E402
import reference  # noqa: E402
import results  # noqa: E402

sys.path.remove(str(DOCS))
LESSONS = sorted((ROOT / "notebooks").glob("*.ipynb"))


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    """The folder that Sphinx would make the site of."""
    folder = tmp_path_factory.mktemp("site") / "source"
    gather.main(folder)
    return folder


def markdown(path):
    """Return the Markdown of a page, of a notebook that of all its cells, without code."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".ipynb":
        cells = [cell for cell in json.loads(text)["cells"] if cell["cell_type"] == "markdown"]
        text = "\n\n".join("".join(cell["source"]) for cell in cells)
    return re.sub(r"```.*?```|`[^`\n]+`", "", text, flags=re.DOTALL)


def test_every_page_stands_in_a_menu_and_every_entry_of_a_menu_is_there(source):
    listed = {"index"}
    for page in [source / "index.md", source / "api.md"]:
        lines = iter(page.read_text(encoding="utf-8").splitlines())
        for line in lines:
            if line == "```{toctree}":
                entries = iter(lines.__next__, "```")
                listed |= {re.sub(r".*<(.+)>", r"\1", entry) for entry in entries}
    listed = {entry for entry in listed if entry and not entry.startswith(":")}
    pages = [path for path in source.rglob("*") if path.suffix in (".md", ".ipynb")]
    assert {path.relative_to(source).with_suffix("").as_posix() for path in pages} == listed


def test_every_link_inside_the_site_leads_to_a_page_of_it(source):
    checked = 0
    for page in [*source.rglob("*.md"), *source.rglob("*.ipynb")]:
        for target in re.findall(r"\]\(([^)\s]+)\)", markdown(page)):
            if not re.match(r"[a-z]+:|#", target):
                path = page.parent / unquote(target.partition("#")[0])
                assert path.is_file(), f"{page.relative_to(source)} links to {target}"
                checked += 1
    assert checked > 40


@pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)
def test_a_card_shows_picture_result_and_time_of_the_stored_run(path, source):
    front = (source / "index.md").read_text(encoding="utf-8")
    [card] = re.findall(rf"::::{{grid-item-card}}(?:(?!::::).)*{path.stem}\n.*?\n::::", front, re.S)
    record = results.record_of(path)
    assert f"{record['metrics'][0]['value']:.4g}" in card
    assert results.duration(record["seconds"]) in card
    assert f"thumbnails/{path.stem}.png" in card
    assert (source / "thumbnails" / f"{path.stem}.png").stat().st_size > 3000


def test_a_moving_picture_stands_still_on_a_card():
    frames = [Image.new("RGB", (80, 90), color) for color in ("red", "blue")]
    file = io.BytesIO()
    frames[0].save(file, "GIF", save_all=True, append_images=frames[1:])
    still = gallery.shrunk(Image.open(file))
    assert still.size == gallery.SIZE
    assert still.getpixel((400, 225)) == (0, 0, 255)  # the last frame, in the middle
    assert still.getpixel((0, 0)) == (255, 255, 255)


# ---- notebooks -----------------------------------------------------------------------------------


def notebook(tmp_path, *cells):
    path = tmp_path / "00_x.ipynb"
    path.write_text(json.dumps({"cells": list(cells), "metadata": {}}), encoding="utf-8")
    return path


def code(source, tags=(), outputs=(), **metadata):
    metadata = {"tags": list(tags), **metadata}
    return {
        "cell_type": "code",
        "source": source,
        "metadata": metadata,
        "outputs": list(outputs),
    }


def text(source, tags=()):
    return {"cell_type": "markdown", "source": source, "metadata": {"tags": list(tags)}}


def test_imports_and_folded_cells_are_hidden_until_a_click(tmp_path):
    cells = [
        code("import numpy as np\nfrom x import y"),
        code("draw()", jupyter={"source_hidden": True}),
        code("x = 1\nimport numpy"),
        code("%matplotlib inline"),
    ]
    shown = gather.for_the_site(notebook(tmp_path, *cells))["cells"]
    assert ["hide-input" in cell["metadata"]["tags"] for cell in shown] == [
        True,
        True,
        False,
        False,
    ]


def test_a_figure_without_a_title_is_named_after_the_heading_above_it(tmp_path):
    def picture(**about):
        return {"data": {"image/png": "iVBO"}, "metadata": {"image/png": about} if about else {}}

    cells = [text("# A\n\n## Look *closer*"), code("f()", outputs=[picture(), picture(alt="Loss")])]
    _, cell = gather.for_the_site(notebook(tmp_path, *cells))["cells"]
    alts = [output["metadata"]["image/png"]["alt"] for output in cell["outputs"]]
    assert alts == ["A figure: Look *closer*", "Loss"]


LINKS = (
    "[Open in Colab](https://colab.research.google.com/github/OWNER/nnlab/blob/main/n.ipynb) or "
    "[Open in Kaggle](https://kaggle.com/kernels/welcome?src=https://github.com/OWNER/nnlab/blob/x)"
)


def test_links_to_a_cloud_name_the_repository_and_are_left_out_where_it_is_unknown(
    tmp_path, monkeypatch
):
    path = notebook(tmp_path, text("# A"), text(LINKS, ["hosted"]), code("install()", ["hosted"]))
    monkeypatch.setattr(gather.address, "repository", lambda: "OWNER/nnlab")
    monkeypatch.setenv("GITHUB_REPOSITORY", "alice/nets")
    _, links = gather.for_the_site(path)["cells"]
    assert links["source"] == LINKS.replace("OWNER/nnlab", "alice/nets")
    monkeypatch.delenv("GITHUB_REPOSITORY")
    assert [cell["source"] for cell in gather.for_the_site(path)["cells"]] == ["# A"]


# ---- the glossary --------------------------------------------------------------------------------


def terms(*paragraphs):
    return glossary.terms_of(["\n\n".join(paragraphs)])


@pytest.mark.parametrize(
    ("paragraphs", "term", "said"),
    [
        (["One. A **term** is a word. Two."], "term", "A **term** is a word."),
        (["It moves on. That is a **term**. So?"], "term", "It moves on. That is a **term**."),
        (["* A **term**: it is", "* Other"], "term", "A **term**: it is"),
        (["One (with a **term**. And more.) Two."], "term", "One (with a **term**. And more.)"),
        (["Here is a **term**:", "$$\nx\n$$"], "term", "Here is a **term**:\n\n$$\nx\n$$\n\n"),
        (["Here is a **term**:", "Code"], "term", "Here is a **term**."),
        (["A slope. **Descent** follows it."], "Descent", "A slope. **Descent** follows it."),
    ],
)
def test_a_term_stands_in_a_sentence_that_can_be_read_alone(paragraphs, term, said):
    assert terms(*paragraphs) == [(term, said)]


def test_what_is_bold_for_another_reason_is_no_term():
    assert not terms("**Fewer images.** Set it.", "**the same at every single place**", "| **a** |")


def test_the_exercises_introduce_no_term(tmp_path):
    path = notebook(tmp_path, text("# A\n\nA **term**."), text("## Exercises\n\n**Other** one."))
    assert "**Term**" not in glossary.page([path])
    assert "Term\n: A **term**. ({doc}`00 <notebooks/00_x>`)" in glossary.page([path])
    assert "Other" not in glossary.page([path])


# ---- pages from code -----------------------------------------------------------------------------


def every_command(group, called="nnlab"):
    """Yield each command of a group, and of groups inside it, with the words that start it."""
    for name, command in group.commands.items():
        yield f"{called} {name}", command
        if hasattr(command, "commands"):
            yield from every_command(command, f"{called} {name}")


def test_every_command_and_option_stands_on_the_page(source):
    page = (source / "commands.md").read_text(encoding="utf-8")
    sections = {}
    for section in re.split(r"^## ", page, flags=re.MULTILINE)[1:]:
        title, _, content = section.partition("\n")
        sections[title] = content
    found = dict(every_command(get_command(app)))
    assert found.keys() == {title for title in sections if title.startswith("nnlab ")}
    for words, command in found.items():
        for parameter in command.params:
            names = [*parameter.opts, *parameter.secondary_opts]
            if parameter.param_type_name == "argument":
                names = [parameter.metavar or parameter.name.upper()]
            for name in names:
                assert f"`{name}`" in sections[words], words
    for shown in ("## nnlab run", "`--timeout`", "`1800`", "## nnlab data fetch", "`make test`"):
        assert shown in page
    assert "None" not in page


def test_a_variable_that_the_code_reads_and_nobody_explains_is_an_error(monkeypatch):
    assert {"NNLAB_DATA", "NNLAB_QUICK"} <= reference.variables_read()
    monkeypatch.delitem(reference.ABOUT, "NNLAB_QUICK")
    with pytest.raises(ValueError, match="NNLAB_QUICK"):
        reference.variables()


def test_every_module_that_users_import_has_a_page(source):
    assert "build_cnn" in reference.public_names("nnlab.models")
    files = [*(ROOT / "nnlab").glob("[!_]*.py"), *(ROOT / "nnlab").glob("*/__init__.py")]
    there = {path.parent.name if path.stem == "__init__" else path.stem for path in files}
    assert reference.modules() == sorted(f"nnlab.{name}" for name in there - {"cli"})
    for name in reference.modules():
        page = (source / "api" / f"{name}.md").read_text(encoding="utf-8")
        assert f".. automodule:: {name}\n   :members:" in page
    assert not list((source / "api").glob("nnlab.cli*"))


# ---- tables --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "update"),
    [(ROOT / "README.md", results.with_results), (results.DATA_PAGE, results.with_data_sets)],
    ids=["README", "data"],
)
def test_the_tables_are_up_to_date(path, update):
    page = path.read_text(encoding="utf-8")
    assert update(page) == page, "python docs/results.py mends it"


def test_a_data_set_without_a_row_is_an_error():
    with pytest.raises(ValueError, match="mnist"):
        results.with_data_sets("| `digits` | small ones | old |\n")


def test_the_readme_is_one_page():
    lines = (ROOT / "README.md").read_text(encoding="utf-8").splitlines()
    prose = [line for line in lines if line and not line.startswith("| [")]
    assert len(prose) <= 40
