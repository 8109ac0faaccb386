"""The gallery: a page of cards and a page per notebook, from what a run has written."""

import io
import json
import re
from base64 import b64encode
from html.parser import HTMLParser

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from PIL import Image

from nnlab.cli._gallery import write_gallery

GIF = "R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7"
PNG = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJ"
    "AAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
RECORD = {
    "metrics": {"test_accuracy": 0.98765},
    "dataset": "digits",
    "versions": {"keras": "3.1"},
    "device": "CPU",
}
EVIL = "<script>alert('me & you')</script>"


def figure(kind, data, tags=(), alt=None):
    metadata = {kind: {"alt": alt}} if alt else {}
    output = new_output("display_data", {kind: data, "text/plain": "<Figure>"}, metadata=metadata)
    return new_code_cell(
        "plot()", outputs=[output], execution_count=1, metadata={"tags": list(tags)}
    )


def write(folder, *notebooks, quick=True):
    """Write a gallery of (result, cells) pairs, cells None if unreadable; return index.html."""
    rows = []
    for i, (result, cells) in enumerate(notebooks):
        rows.append(
            {"name": f"n{i}", "status": "ok", "seconds": 1.25, "error": None, "records": []}
            | result
        )
        if cells is not None:
            nbformat.write(new_notebook(cells=cells), folder / f"{rows[-1]['name']}.ipynb")
    (folder / "results.json").write_text(json.dumps({"quick": quick, "notebooks": rows}))
    path = write_gallery(folder)
    assert path == folder / "index.html"
    return path.read_text("utf-8")


class Page(HTMLParser):
    """All tags with their attributes, and the text, as a browser reads them."""

    def __init__(self, html):
        super().__init__()
        self.tags = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.text += data

    def all(self, tag, attribute):
        return [
            attributes[attribute]
            for name, attributes in self.tags
            if name == tag and attribute in attributes
        ]


def test_a_card_shows_title_goal_metrics_time_and_leads_to_the_page(tmp_path):
    text = (
        "# 01 · A *small* network\n\nReads `digits` with [Keras](https://keras.io) well.\n\nMore."
    )
    result = {"name": "01 mlp", "records": [RECORD], "seconds": 75.2}
    page = Page(write(tmp_path, (result, [new_markdown_cell(text)]), quick=False))
    for shown in (
        "01 · A small network",
        "Reads digits with Keras well.",
        "test accuracy 0.9877",
        "1 min 15 s · digits",
        "1 notebook run, in 1 min 15 s.",
        "keras 3.1",
        "device CPU",
    ):
        assert shown in " ".join(page.text.split()), shown
    assert page.all("a", "href") == ["01%20mlp.html"]
    assert "Reads" in (tmp_path / "01 mlp.html").read_text("utf-8")


def test_the_thumbnail_is_of_the_tagged_cell_else_the_first_figure(tmp_path):
    tagged = [figure("image/png", PNG), figure("image/gif", GIF, ["thumbnail"])]
    first = [new_markdown_cell("none"), figure("image/png", PNG), figure("image/gif", GIF)]
    page = Page(write(tmp_path, ({}, tagged), ({}, first), ({}, [new_code_cell("1")])))
    assert page.all("img", "src") == [
        f"data:image/gif;base64,{GIF}",
        f"data:image/png;base64,{PNG}",
    ]


def test_a_page_shows_png_and_gif(tmp_path):
    write(tmp_path, ({}, [figure("image/png", PNG), figure("image/gif", GIF)]))
    images = Page((tmp_path / "n0.html").read_text("utf-8")).all("img", "src")
    assert [re.sub(r"\s", "", image) for image in images] == [
        f"data:image/png;base64,{PNG}",
        f"data:image/gif;base64,{GIF}",
    ]


def test_the_title_of_a_figure_is_its_text_for_those_who_do_not_see_it(tmp_path):
    alts = ['Loss & "accuracy" <b>', "Digits, epoch by epoch"]
    cells = [figure("image/png", PNG, alt=alts[0]), figure("image/gif", GIF, alt=alts[1])]
    heading = new_markdown_cell("# A\n\n## Look closer")
    write(tmp_path, ({}, [*cells, heading, figure("image/gif", GIF)]))
    page = Page((tmp_path / "n0.html").read_text("utf-8"))
    assert page.all("img", "alt") == [*alts, "A figure: Look closer"]


def test_the_source_of_a_folded_cell_is_shown_after_a_click_and_its_output_at_once(tmp_path):
    folded = new_code_cell("draw()", outputs=[new_output("stream", text="a diagram")])
    folded.metadata["jupyter"] = {"source_hidden": True}
    write(tmp_path, ({}, [folded, new_code_cell("train()")]))
    page = (tmp_path / "n0.html").read_text("utf-8")
    [details] = re.findall("<details.*?</details>", page, re.DOTALL)
    assert "<summary>code</summary>" in details
    assert "draw" in details
    assert "a diagram" in page.replace(details, "")
    assert "train" in page.replace(details, "")


def formulas(tmp_path, *markdown):
    """Return the text of a page with this Markdown, and its formulas as MathML."""
    write(tmp_path, ({}, list(map(new_markdown_cell, markdown))))
    page = (tmp_path / "n0.html").read_text("utf-8")
    return Page(page).text, re.findall("<math.*?</math>", page, re.DOTALL)


def test_a_formula_is_shown_without_a_script(tmp_path):
    text, found = formulas(tmp_path, "Here is $x^2$:\n\n$$\n\\frac{a < b}{\\sigma}\n$$")
    assert found == [
        '<math display="inline"><mrow><msup><mi>x</mi><mn>2</mn></msup></mrow></math>',
        '<math display="block"><mrow><mfrac><mrow><mi>a</mi><mo>&lt;</mo><mi>b</mi></mrow>'
        "<mrow><mi>σ</mi></mrow></mfrac></mrow></math>",
    ]
    assert "$" not in text


@pytest.mark.parametrize(
    ("markdown", "shown"),
    [
        ("From $5 to $6.", "From $5 to $6."),
        (r"From \$5 to \$6.", "From $5 to $6."),
        ("From 5$ to 6$.", "From 5$ to 6$."),
        ("Type `$x$` or ``a $y$``.", "Type $x$ or a $y$."),
        ("$5 for `a$`.", "$5 for a$."),
        ("```\n$x$ and $$y$$\n```", "$x$ and $$y$$"),
        ("    $x$", "$x$"),
    ],
)
def test_code_and_amounts_of_dollars_are_no_formulas(tmp_path, markdown, shown):
    text, found = formulas(tmp_path, markdown)
    assert shown in text
    assert not found


@pytest.mark.parametrize("tex", ["\\frac{", "\\unknown{x}", "\\left( x", "x & y", "{"])
def test_a_formula_that_cannot_be_shown_stays_as_it_is_written(tmp_path, tex):
    text, found = formulas(tmp_path, f"Before ${tex}$ and\n\n$$\n{tex}\n$$\n\nafter $x$.")
    assert f"Before ${tex}$ and" in text
    assert f"$$\n{tex}\n$$" in text
    assert len(found) == 1


def test_functions_stand_apart_and_limits_below(tmp_path):
    _, [log, displayed, inline] = formulas(tmp_path, r"$x \log p$ $$\min_w L$$ $\min_w L$")
    space = '<mspace width="0.167em"></mspace>'
    assert f"<mi>x</mi>{space}<mi>log</mi>{space}<mi>p</mi>" in log
    assert f"<munder><mi>min</mi><mi>w</mi></munder>{space}<mi>L</mi>" in displayed
    assert f"<msub><mi>min</mi><mi>w</mi></msub>{space}<mi>L</mi>" in inline


def test_a_card_shows_formulas_as_plain_text(tmp_path):
    text = "# Of $x^2$\n\nHow does $\\sigma(w_1 x)$ learn for \\$5, or $\\odd$?"
    index = write(tmp_path, ({}, [new_markdown_cell(text)]), quick=False)
    page = " ".join(Page(index).text.split())
    assert "Of x^2 How does σ(w_1x) learn for $5, or \\odd?" in page


def test_text_of_notebooks_and_results_is_escaped(tmp_path):
    records = [{"metrics": {EVIL: EVIL}, "dataset": EVIL, "versions": {EVIL: EVIL}, "device": EVIL}]
    cells = [
        new_markdown_cell("# " + EVIL),
        new_code_cell(EVIL, outputs=[new_output("stream", text=EVIL)]),
    ]
    html = write(tmp_path, ({"status": "failed", "error": EVIL, "records": records}, cells))
    assert "<script" not in html
    assert Page(html).text.count(EVIL) == 8
    page = (tmp_path / "n0.html").read_text("utf-8")
    title = re.search(r"<title>(.*?)</title>", page, re.DOTALL)[1]
    assert "<" not in title


@pytest.mark.parametrize("name", ["index.html", "n0.html"])
def test_no_page_can_fetch_anything(tmp_path, name):
    cells = [
        new_markdown_cell("# T\n\n$x^2$ and ![far](https://example.org/a.png)"),
        figure("image/png", PNG),
    ]
    write(tmp_path, ({"records": [RECORD]}, cells))
    page = Page((tmp_path / name).read_text("utf-8"))
    [policy] = [
        a["content"] for tag, a in page.tags if a.get("http-equiv") == "Content-Security-Policy"
    ]
    assert "default-src 'none'" in policy
    assert "http" not in policy
    assert not [tag for tag, a in page.tags if tag in ("script", "link", "iframe", "object")]
    fetched = []
    for tag in ("img", "video", "audio", "source"):
        fetched += page.all(tag, "src")
    assert [source for source in fetched if not source.startswith("data:")] in (
        [],
        ["https://example.org/a.png"],
    )
    assert name == "n0.html" or "https:" not in (tmp_path / name).read_text("utf-8")


def test_a_failed_notebook_shows_the_error_and_an_unreadable_one_has_no_page(tmp_path):
    failed = (
        {"status": "failed", "error": "cell 2 of 3: ZeroDivisionError\n\nx / 0"},
        [new_markdown_cell("# A")],
    )
    unreadable = ({"status": "failed", "error": "not a readable notebook: JSON"}, None)
    page = Page(write(tmp_path, failed, unreadable, quick=False))
    assert "2 notebooks run, 2 failed, in 2.5 s." in " ".join(page.text.split())
    assert "cell 2 of 3: ZeroDivisionError" in page.text
    assert "not a readable notebook: JSON" in page.text
    assert page.all("a", "href") == ["n0.html"]
    assert not (tmp_path / "n1.html").exists()
    assert "x / 0" in (tmp_path / "n0.html").read_text("utf-8")


def test_a_page_runs_no_script_of_a_notebook(tmp_path):
    output = new_output("display_data", {"text/html": EVIL, "application/javascript": "alert(1)"})
    write(tmp_path, ({}, [new_code_cell("x", outputs=[output])]))
    page = (tmp_path / "n0.html").read_text("utf-8")
    policy = re.search(r'content="(default-src .*?)"', page)[1]
    assert "script" not in policy  # so default-src 'none' holds for scripts


def test_a_notebook_that_cannot_be_converted_says_so_on_its_page(tmp_path):
    broken = ({}, [new_markdown_cell("# A\n\n![lost](attachment:lost.png)")])
    assert Page(write(tmp_path, broken, ({}, [new_markdown_cell("# B")]))).all("a", "href") == [
        "n0.html",
        "n1.html",
    ]
    assert "cannot be shown as a page: missing attachment" in (tmp_path / "n0.html").read_text(
        "utf-8"
    )


@pytest.mark.parametrize(
    ("kind", "data", "metadata"),
    [
        ("image/png", "removed", {}),
        ("image/gif", "removed", {}),
        ("image/png", PNG, {"image/png": None}),
        ("image/gif", GIF, {"image/gif": "wide"}),
    ],
    ids=["a PNG", "a GIF", "metadata of null", "metadata of text"],
)
def test_a_picture_that_is_none_costs_no_other_page(tmp_path, kind, data, metadata):
    output = new_output("display_data", {kind: data}, metadata=metadata)
    odd = ({}, [new_code_cell("show()", outputs=[output])])
    page = Page(write(tmp_path, odd, ({}, [new_markdown_cell("# B")])))
    assert page.all("a", "href") == ["n0.html", "n1.html"]
    assert "cannot be shown as a page: " in (tmp_path / "n0.html").read_text("utf-8")
    assert "<title>B –" in (tmp_path / "n1.html").read_text("utf-8")


def test_pages_lead_to_their_neighbours(tmp_path):
    write(tmp_path, *[({}, [new_markdown_cell(f"# Part {i}")]) for i in range(3)])
    links = []
    for i in range(3):
        page = Page((tmp_path / f"n{i}.html").read_text("utf-8"))
        links.append([link for link in page.all("a", "href") if not link.startswith("#")])
    assert links == [
        ["index.html", "n1.html"],
        ["index.html", "n0.html", "n2.html"],
        ["index.html", "n1.html"],
    ]


def test_a_notebook_named_index_does_not_replace_the_gallery(tmp_path):
    page = Page(write(tmp_path, ({"name": "index"}, [new_markdown_cell("# Mine")])))
    assert page.all("a", "href") == ["index_notebook.html"]
    assert "Mine" in (tmp_path / "index_notebook.html").read_text("utf-8")


def test_notebooks_named_like_pages_of_the_gallery_have_pages_of_their_own(tmp_path):
    names = ["index", "index_notebook", "Index"]
    notebooks = [({"name": name}, [new_markdown_cell(f"# Of {name}")]) for name in names]
    links = Page(write(tmp_path, *notebooks)).all("a", "href")
    assert len({link.casefold() for link in [*links, "index.html"]}) == 4
    for name, link in zip(names, links, strict=True):
        assert f"<title>Of {name} –" in (tmp_path / link).read_text("utf-8")


def test_the_card_and_the_page_of_a_quick_run_say_what_it_is_worth(tmp_path):
    text = "# A\n\nReads more than 99 % of the digits."
    notebook = ({"records": [RECORD]}, [new_markdown_cell(text)])
    line = "quick run: shows that it works, not how well"
    for quick in (True, False):
        index = write(tmp_path, notebook, quick=quick)
        page = (tmp_path / "n0.html").read_text("utf-8")
        assert (line in index, line in page) == (quick, quick)
        assert ("99 %" in index) != quick  # what only a full run makes true


def test_a_page_lists_its_headings_and_leads_to_them(tmp_path):
    text = "# Title\n\n## The *data* & more\n\n### Of `mnist`\n\n#### Small print"
    write(tmp_path, ({}, [new_markdown_cell(text)]))
    html = (tmp_path / "n0.html").read_text("utf-8")
    [contents] = re.findall('<nav class="contents".*?</nav>', html, re.DOTALL)
    page = Page(contents)
    links = page.all("a", "href")
    assert len(links) == 4  # for narrow and for wide screens
    assert {f"#{anchor}" for anchor in Page(html).all("h2", "id")} < set(links)
    assert page.text.count("The data & more") == page.text.count("Of mnist") == 2
    assert "Small print" not in page.text


@pytest.mark.parametrize("raw", ['<h2 id="raw">Mine</h2>', '<h3 id="raw">Never ended'])
def test_a_heading_in_html_does_not_swallow_what_follows(tmp_path, raw):
    write(tmp_path, ({}, [new_markdown_cell(f"# Title\n\n{raw}\n\nProse.\n\n## Next")]))
    html = (tmp_path / "n0.html").read_text("utf-8")
    [contents] = re.findall('<nav class="contents".*?</nav>', html, re.DOTALL)
    assert Page(contents).all("a", "href") == ["#Next"] * 2  # for narrow and for wide screens
    assert "Prose" not in contents


def test_cells_that_only_import_or_prepare_a_hosted_service_are_folded(tmp_path):
    hosted = new_code_cell("install()", metadata={"tags": ["hosted"]})
    cells = [hosted, new_code_cell("import a\nfrom b import c"), new_code_cell("import a\na.b()")]
    write(tmp_path, ({}, cells))
    page = (tmp_path / "n0.html").read_text("utf-8")
    assert re.findall("<summary>(.*?)</summary>", page) == ["set-up", "imports"]


@pytest.mark.parametrize(("width", "wide"), [(1900, True), (1000, False)])
@pytest.mark.parametrize("kind", ["png", "gif"])
def test_a_wide_figure_is_marked_so_that_a_phone_scrolls_it(tmp_path, kind, width, wide):
    file = io.BytesIO()
    Image.new("L", (width, 1000)).save(file, kind)
    picture = figure(f"image/{kind}", b64encode(file.getvalue()).decode())
    write(tmp_path, ({}, [picture]))
    html = (tmp_path / "n0.html").read_text("utf-8")
    classes = Page(html).all("img", "class")
    assert classes == (["unconfined"] if wide else [])
    assert ('<div tabindex="0" class="output_' in html) == wide
