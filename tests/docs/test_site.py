"""The site that `make site` has built: whole, true to the notebooks, at home without a network."""

import json
import os
import re
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

ROOT = Path(__file__).parents[2]
if "NNLAB_SITE" not in os.environ:
    pytest.skip("`make site` builds it and runs these tests", allow_module_level=True)
SITE = Path(os.environ["NNLAB_SITE"])
PAGES = sorted(path for path in SITE.rglob("*.html") if "_static" not in path.parts)
LESSONS = (ROOT / "notebooks").glob("*.ipynb")
SOLUTIONS = (ROOT / "notebooks" / "solutions").glob("*.ipynb")
NOTEBOOKS = sorted([*LESSONS, *SOLUTIONS])  # not what JupyterLab keeps beside them
# What a browser fetches by itself when it shows a page.
LOADED = {
    ("script", "src"),
    ("img", "src"),
    ("img", "srcset"),
    ("source", "src"),
    ("source", "srcset"),
    ("video", "src"),
    ("video", "poster"),
    ("audio", "src"),
    ("track", "src"),
    ("iframe", "src"),
    ("embed", "src"),
    ("object", "data"),
    ("image", "href"),
    ("use", "href"),
}
# Links of a page's head that a browser does not follow.
NOT_FOLLOWED = {"canonical", "author", "index", "search", "next", "prev", "license", "alternate"}
STYLE = re.compile(r"""url\(\s*["']?([^"')]+)|@import\s+["']([^"']+)""")
IMPORT = re.compile(r"""\bimport\s*\(?\s*["']([^"']+)["']|\bfrom\s*["']([^"'\s]+)["'];""")


class Page(HTMLParser):
    """What a page loads, links to and offers as the target of links."""

    def __init__(self, path):
        super().__init__()
        self.loads = []
        self.links = []
        self.anchors = {""}
        self.pictures = []  # their texts
        self.tags = set()
        self.inside = None
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attributes):
        about = dict(attributes)
        self.inside = tag
        self.tags.add(tag)
        self.anchors |= {about.get("id"), about.get("name")}
        self.loads += [value for name, value in attributes if (tag, name) in LOADED]
        self.loads += found_in(STYLE, about.get("style", ""))
        if tag == "link" and not NOT_FOLLOWED & set(about.get("rel", "").split()):
            self.loads.append(about["href"])
        if tag == "a" and about.get("href"):
            self.links.append(about["href"])
        if tag == "img":
            self.pictures.append(about.get("alt", "").strip())

    handle_startendtag = handle_starttag

    def handle_data(self, data):
        if self.inside == "style":
            self.loads += found_in(STYLE, data)
        if self.inside == "script":
            self.loads += found_in(IMPORT, data)


def found_in(pattern, text):
    return [first or second for first, second in pattern.findall(text)]


@pytest.fixture(scope="module")
def pages():
    return {path: Page(path) for path in PAGES}


def is_outside(address):
    return bool(re.match(r"(?:[a-z]+:)?//", address.strip(), re.IGNORECASE))


def test_no_page_loads_anything_from_outside(pages):
    assert len(pages) > 2 * len(NOTEBOOKS)
    for path, page in pages.items():
        assert not list(filter(is_outside, page.loads)), path.relative_to(SITE)
        assert any(address.endswith(".css") or ".css?" in address for address in page.loads)


def test_no_style_sheet_and_no_script_loads_anything_from_outside():
    checked = 0
    for path in [*SITE.rglob("*.css"), *SITE.rglob("*.js")]:
        pattern = STYLE if path.suffix == ".css" else IMPORT
        loads = found_in(pattern, path.read_text(encoding="utf-8"))
        assert not list(filter(is_outside, loads)), path.relative_to(SITE)
        checked += len(loads)
    assert checked


@pytest.mark.parametrize(
    "loading",
    [
        '<script src="https://a.example/x.js"></script>',
        '<link rel="stylesheet" href="//a.example/x.css">',
        '<link rel="preload" href="https://a.example/x.woff2">',
        '<img src="http://a.example/x.png">',
        "<style>@import 'https://a.example/x.css';</style>",
        '<p style="background: url(https://a.example/x.png)">',
        '<script type="module">import x from "https://a.example/x.js";</script>',
    ],
)
def test_the_check_notices_what_is_loaded_from_outside(loading, tmp_path):
    path = tmp_path / "page.html"
    path.write_text(f"<a href='https://a.example'>a link is none</a>{loading}", encoding="utf-8")
    assert len(list(filter(is_outside, Page(path).loads))) == 1


def test_every_link_inside_the_site_leads_somewhere(pages):
    checked = 0
    for path, page in pages.items():
        for link in [*page.links, *page.loads]:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            assert target.is_file(), f"{path.relative_to(SITE)} links to {link}"
            if target in pages and parts.fragment:
                names = pages[target].anchors
                assert unquote(parts.fragment) in names, f"{path.relative_to(SITE)}: {link}"
            checked += 1
    assert checked > 1000


def test_every_picture_has_a_text_for_those_who_do_not_see_it(pages):
    for path, page in pages.items():
        assert all(page.pictures), path.relative_to(SITE)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.parent.name[:1] + path.stem)
def test_a_notebook_has_a_page_and_is_downloaded_as_it_is_committed(path, pages):
    name = path.relative_to(ROOT)
    place = SITE / name.with_suffix(".html")
    links = [(place.parent / unquote(link.split("#")[0])).resolve() for link in pages[place].links]
    copy = SITE / "_sources" / name
    assert copy.resolve() in links
    assert copy.read_bytes() == path.read_bytes()


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.parent.name[:1] + path.stem)
def test_figures_and_formulas_of_a_notebook_are_on_its_page(path, pages):
    page = pages[SITE / path.relative_to(ROOT).with_suffix(".html")]
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    figures = 0
    for cell in cells:
        for output in cell.get("outputs", []):
            figures += bool({"image/png", "image/gif"} & output.get("data", {}).keys())
    assert len(page.pictures) >= figures
    prose = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown"]
    assert "math" in page.tags or not any("$$" in text for text in prose)


def test_words_of_notebooks_code_and_pages_can_be_searched():
    index = (SITE / "searchindex.js").read_text(encoding="utf-8")
    for word in ("perceptron", "build_cnn", "rosetta"):
        assert word in index


def test_no_page_names_a_place_of_the_machine_that_built_it():
    # /home/reader is in the container, which a page explains
    place = re.compile(r"[^/\w.](/(?:home|root|work|Users)/(?!reader/)\w+)")
    for path in PAGES:
        found = place.search(path.read_text("utf-8"))
        assert not found, f"{path.relative_to(SITE)}: {found[1]}"
