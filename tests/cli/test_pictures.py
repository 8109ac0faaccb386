"""Local pictures in a notebook's Markdown are in its page; what lies elsewhere is not."""

import base64
import os
import re

import nbformat
import pytest
from nbformat.v4 import new_markdown_cell, new_notebook

from nnlab.cli import _pictures
from nnlab.cli._gallery import write_gallery
from nnlab.cli._pictures import embed_pictures

PICTURE = b"\x89PNG\r\n\x1a\n and so on"
EMBEDDED = f"data:image/png;base64,{base64.b64encode(PICTURE).decode()}"


@pytest.fixture
def home(tmp_path):
    """Return a notebook's folder with a picture in its folder figs, and one picture beside it."""
    home = tmp_path / "home"
    (home / "figs").mkdir(parents=True)
    for path in (home / "figs" / "a.png", home / "figs" / "b c.png", tmp_path / "secret.png"):
        path.write_bytes(PICTURE)
    return home


def sources(page):
    return re.findall(r"<img[^>]*?\bsrc=[\"']?([^\"'>]*)", page)


MARKDOWN = """# A title

![one](figs/a.png) and ![two](<figs/b c.png> "a title")

<img alt='three' width=30 src='figs/b%20c.png'> <img src=figs/a.png><IMG SRC="./figs/a.png"/>

`![code](figs/a.png)` and `<img src="figs/a.png">`
"""


def write_run(folder, markdown):
    """Write into a folder what a run of one notebook leaves there."""
    nbformat.write(new_notebook(cells=[new_markdown_cell(markdown)]), folder / "n.ipynb")
    row = '{"name": "n", "status": "ok", "seconds": 1, "error": null, "records": []}'
    (folder / "results.json").write_text(f'{{"quick": false, "notebooks": [{row}]}}')


def test_pictures_of_markdown_and_html_are_in_the_page_of_a_run(tmp_path, home):
    (tmp_path / "out").mkdir()
    write_run(tmp_path / "out", MARKDOWN)
    write_gallery(tmp_path / "out", [home / "n.ipynb"])
    page = (tmp_path / "out" / "n.html").read_text("utf-8")
    images = re.findall(r"<img[^>]*>", page, re.IGNORECASE)
    assert len(images) == 5
    assert all(EMBEDDED in image for image in images)
    assert 'alt="one"' in images[0]
    assert 'alt="three"' in images[2]
    assert page.count("figs/a.png") == 2  # as code


def test_pictures_lie_beside_the_copies_where_nothing_else_is_said(home):
    write_run(home, "![a](figs/a.png)")
    write_gallery(home)
    assert EMBEDDED in (home / "n.html").read_text("utf-8")


@pytest.mark.parametrize(
    "address",
    [
        "figs/missing.png",
        "../secret.png",
        "figs/../../secret.png",
        "figs/%2e%2e/%2e%2e/secret.png",
        "figs/link.png",
        "{home}/figs/a.png",
        "file://{home}/figs/a.png",
        "//host/figs/a.png",
        "https://example.org/figs/a.png",
        "attachment:a.png",
        "figs",
        "figs/notes.txt",
        "figs/pipe.png",
        "figs/circle.png",
        "figs/a.png%00",
        "x" * 5000 + ".png",
        "//[broken/a.png",
        "",
    ],
)
def test_what_is_missing_or_elsewhere_is_left_with_its_text(home, address):
    (home / "figs" / "link.png").symlink_to(home.parent / "secret.png")
    (home / "figs" / "circle.png").symlink_to(home / "figs" / "circle.png")
    (home / "figs" / "notes.txt").write_text("a note")
    os.mkfifo(home / "figs" / "pipe.png")
    page = f'<p><img src="{address.format(home=home)}" alt="what it shows"></p>'
    assert embed_pictures(page, home) == page


def test_a_link_within_the_folder_is_followed(home):
    (home / "link.png").symlink_to(home / "figs" / "a.png")
    assert sources(embed_pictures('<img src="link.png">', home)) == [EMBEDDED]


def test_a_picture_and_all_of_a_page_are_bounded(home, monkeypatch):
    page = '<img src="figs/a.png">' * 5
    monkeypatch.setattr(_pictures, "MAX_PICTURES", 2 * len(PICTURE) + 20)
    assert sources(embed_pictures(page, home)) == [EMBEDDED] * 2 + ["figs/a.png"] * 3
    monkeypatch.setattr(_pictures, "MAX_PICTURE", len(PICTURE) - 1)
    assert embed_pictures(page, home) == page


def test_a_picture_without_an_end_is_searched_to_the_next_one_only_and_left(home):
    half = '<img src="figs/b c.png" '
    whole = '<img src="figs/a.png">'
    assert sources(embed_pictures(half + whole, home)) == ["figs/b c.png", EMBEDDED]
    page = "<img src=" * 300_000 + "<img " * 300_000  # to the end each time: for hours
    assert embed_pictures(page, home) == page
