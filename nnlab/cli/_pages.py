"""The body of a notebook's page: its cells as HTML that needs no script and no network."""

import ast
import base64
import html
import re
import struct

from jinja2 import pass_context
from markupsafe import Markup
from nbconvert import HTMLExporter
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath, MathInlineParser

from nnlab.cli._formulas import INLINE, to_mathml
from nnlab.cli._pictures import embed_pictures

WIDE = 1.8  # width over height of a figure that a phone shows at a readable size, to be scrolled
# One that an author wrote as HTML has no link, and ends by itself.
HEADING = re.compile(
    r'<h([23]) id="([^"]+)">((?:(?!</?h[23]\b).)*?)<a class="anchor-link"', re.DOTALL
)
# What may be wider than a phone is scrolled there, by keys, too.
SCROLLED = re.compile(
    r'<div class="(?=output_html [^>]*>\s*(?:<div>\s*)?(?:<style[^>]*>[^<]*</style>\s*)?<table'
    r'|output_(?:png|html) [^>]*>\s*<img [^>]*class="unconfined")'
)

# The source of a folded cell is shown after a click.
TEMPLATE = """
{%- extends "basic/index.html.j2" -%}
{%- block input_group -%}
{%- if cell.metadata.get("folded") -%}
<details class="folded"><summary>{{ cell.metadata.folded }}</summary>{{ super() }}</details>
{%- else -%}
{{ super() }}
{%- endif -%}
{%- endblock -%}
"""


def body_of(notebook, home):
    """Return the notebook's cells as HTML, and the list of its headings.

    home: a folder; pictures that lie there and that the Markdown shows are put in.
    A heading is (level, 2 or 3; anchor; text).
    """
    try:
        describe_figures(notebook)
        for cell in notebook.cells:
            cell.metadata["folded"] = why_folded(cell)
            for output in cell.get("outputs", []):
                _prepare_figures(output)
        exporter = _PageExporter(template_name="basic", raw_template=TEMPLATE)
        page, _ = exporter.from_notebook_node(notebook)
    except Exception as error:  # an author may write anything: the other pages are made
        return f"This notebook cannot be shown as a page: {error}.", []
    contents = [
        (int(level), _text(anchor), _text(inner)) for level, anchor, inner in HEADING.findall(page)
    ]
    page = SCROLLED.sub(lambda found: f'<div tabindex="0" {found[0][5:]}', page)
    # What a notebook's own author wrote; the page's policy keeps it from the network.
    return Markup(embed_pictures(page, home)), contents


def why_folded(cell):
    """Return why the source of a cell is shown after a click only, in a word or two; "" if not.

    So is what is folded in JupyterLab, what prepares a hosted service, and what only imports.
    """
    if cell["cell_type"] != "code":
        return ""
    if cell["metadata"].get("jupyter", {}).get("source_hidden"):
        return "code"
    if "hosted" in cell["metadata"].get("tags", []):
        return "set-up"
    return "imports" if _only_imports("".join(cell["source"])) and not cell["outputs"] else ""


def _only_imports(source):
    try:
        statements = ast.parse(source).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):  # a magic command, or no text
        return False
    return bool(statements) and all(
        isinstance(each, ast.Import | ast.ImportFrom) for each in statements
    )


def describe_figures(notebook):
    """Name the heading above it as the text of each figure that has none for those who see none."""
    heading = ""
    for cell in notebook["cells"]:
        if cell["cell_type"] == "markdown":
            found = re.findall(r"(?m)^#+ +(.+?)\s*$", "".join(cell["source"]))
            heading = found[-1] if found else heading
        for output in cell.get("outputs", []):
            for kind in output.get("data", {}):
                if kind.startswith("image/"):
                    about = output["metadata"].setdefault(kind, {})
                    about["alt"] = about.get("alt") or f"A figure: {heading}".strip(" :")


def _prepare_figures(output):
    """Mark wide figures, and write GIFs as HTML: nbconvert does not show them."""
    data = output.get("data", {})
    for kind in ("image/png", "image/gif"):
        if kind in data:
            output.metadata[kind]["unconfined"] = _is_wide(data[kind])
    if "image/gif" in data:
        image = "".join(data["image/gif"].split())
        about = output.metadata["image/gif"]
        wide = ' class="unconfined"' if about["unconfined"] else ""
        alt = html.escape(str(about["alt"]))
        data["text/html"] = f'<img src="data:image/gif;base64,{image}"{wide} alt="{alt}">'


def _is_wide(image):
    """Return whether a PNG or GIF, in base64, is much wider than it is high."""
    start = base64.b64decode("".join(image.split())[:32])
    if len(start) < 24:
        return False
    place, form = (6, "<HH") if start.startswith(b"GIF") else (16, ">II")
    width, height = struct.unpack_from(form, start, place)
    return width > WIDE * height


def _text(inner):
    """Return what a heading says, without its marks."""
    return html.unescape(re.sub(r"<[^>]+>", "", inner)).strip()


class _FormulaParser(MathInlineParser):
    SPECIFICATION = MathInlineParser.SPECIFICATION | {"inline_math_tex": INLINE}


def _line_of_its_own(tex):
    formula = to_mathml(tex, "block")
    return f'<div class="formula" tabindex="0">{formula}</div>' if formula else ""


class _FormulaRenderer(IPythonRenderer):
    """Formulas as MathML; what is not known in them, as nbconvert does: as text."""

    def inline_math(self, body):
        return to_mathml(body) or super().inline_math(body)

    def block_math(self, body):
        return _line_of_its_own(body) or super().block_math(body)

    def latex_environment(self, name, body):
        tex = f"\\begin{{{name}}}{body}\\end{{{name}}}"
        return _line_of_its_own(tex) or super().latex_environment(name, body)


class _PageExporter(HTMLExporter):
    @pass_context
    def markdown2html(self, context, source):
        """Return Markdown as HTML: the filter that nbconvert's template calls."""
        attachments = context.get("cell", {}).get("attachments", {})
        renderer = _FormulaRenderer(escape=False, attachments=attachments)
        inline = _FormulaParser(hard_wrap=False)
        return MarkdownWithMath(renderer, inline=inline).render(source)
