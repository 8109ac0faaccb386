"""The body of a notebook's page: its cells as HTML that needs no script and no network."""

import html

from jinja2 import pass_context
from markupsafe import Markup
from nbconvert import HTMLExporter
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath, MathInlineParser

from nnlab.cli._formulas import INLINE, to_mathml
from nnlab.cli._pictures import embed_pictures

# The source of a cell that is folded in JupyterLab is shown after a click.
TEMPLATE = """
{%- extends "basic/index.html.j2" -%}
{%- block input_group -%}
{%- if cell.metadata.get("jupyter", {}).get("source_hidden") -%}
<details class="folded"><summary>code</summary>{{ super() }}</details>
{%- else -%}
{{ super() }}
{%- endif -%}
{%- endblock -%}
"""


def body_of(notebook, home):
    """Return the notebook's cells as HTML, with the pictures that lie in its home."""
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            if "image/gif" in output.get("data", {}):  # nbconvert shows no GIF by itself
                output.data["text/html"] = _animation(output)
    try:
        exporter = _PageExporter(template_name="basic", raw_template=TEMPLATE)
        page, _ = exporter.from_notebook_node(notebook)
    except Exception as error:  # an author may write anything: the other pages are made
        return f"This notebook cannot be shown as a page: {error}."
    # What a notebook's own author wrote; the page's policy keeps it from the network.
    return Markup(embed_pictures(page, home))


def _animation(output):
    image = "".join(output.data["image/gif"].split())
    alt = str(output.metadata.get("image/gif", {}).get("alt", ""))
    return f'<img src="data:image/gif;base64,{image}" alt="{html.escape(alt)}">'


class _FormulaParser(MathInlineParser):
    SPECIFICATION = MathInlineParser.SPECIFICATION | {"inline_math_tex": INLINE}


class _FormulaRenderer(IPythonRenderer):
    """Formulas as MathML; what is not known in them, as nbconvert does: as text."""

    def inline_math(self, body):
        return to_mathml(body) or super().inline_math(body)

    def block_math(self, body):
        return to_mathml(body, "block") or super().block_math(body)

    def latex_environment(self, name, body):
        tex = f"\\begin{{{name}}}{body}\\end{{{name}}}"
        return to_mathml(tex, "block") or super().latex_environment(name, body)


class _PageExporter(HTMLExporter):
    @pass_context
    def markdown2html(self, context, source):
        """Return Markdown as HTML: the filter that nbconvert's template calls."""
        attachments = context.get("cell", {}).get("attachments", {})
        renderer = _FormulaRenderer(escape=False, attachments=attachments)
        inline = _FormulaParser(hard_wrap=False)
        return MarkdownWithMath(renderer, inline=inline).render(source)
