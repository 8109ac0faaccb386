"""Settings of the site: Sphinx, myst-nb and sphinx-book-theme over the stored notebooks."""

import inspect
import io
import json
import re
import shutil
import sys
from base64 import b64decode
from hashlib import sha256
from pathlib import Path

from docutils import nodes
from PIL import Image
from sphinx.util import logging

sys.path.insert(0, str(Path(__file__).parent))
from gather import published
from results import ROOT

import nnlab
from nnlab.cli._formulas import to_mathml

WIDE = 1.8  # width over height of a picture that a phone shows at a readable size, to be scrolled

project = "nnlab"
author = "The nnlab contributors"
release = nnlab.__version__
copyright = author

extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
    "sphinx.ext.viewcode",
    "sphinx_copybutton",
    "sphinx_design",
]
source_suffix = {".md": "myst-nb", ".ipynb": "myst-nb"}
nitpicky = True
nitpick_ignore_regex = [("py:obj", r"(keras|numpy|pathlib|tf|jax|PIL|matplotlib)\..*")]  # not ours
default_role = "py:obj"  # our docstrings put names of nnlab between single backticks
nb_execution_mode = "off"
nb_mime_priority_overrides = [("html", "image/gif", 5)]
nb_code_prompt_show = "Show the code"
nb_code_prompt_hide = "Hide the code"
myst_enable_extensions = ["dollarmath", "colon_fence", "deflist"]
myst_heading_anchors = 3
copybutton_exclude = ".linenos, .gp, .go"
autodoc_member_order = "bysource"
autodoc_typehints = "none"
autodoc_inherit_docstrings = False  # Keras documents its own
maximum_signature_line_length = 64  # a longer one has a line for each parameter
smartquotes_action = "q"  # quotes only: --quick is no dash


html_theme = "sphinx_book_theme"
html_title = "nnlab"
html_static_path = ["site/_static"]
html_css_files = ["nnlab.css"]
html_js_files = ["nnlab.js"]
html_context = {"default_mode": "auto"}
html_copy_source = True
html_theme_options = {
    "repository_url": f"https://github.com/{published()}" if published() else "",
    "repository_branch": "main",
    "use_repository_button": bool(published()),
    "use_download_button": True,
    "use_fullscreen_button": False,
    "navbar_persistent": [],
    "show_toc_level": 2,
    "home_page_in_toc": True,
    "pygments_light_style": "a11y-high-contrast-light",
    "pygments_dark_style": "a11y-high-contrast-dark",
}


def with_parameters(app, what, name, thing, options, lines):
    """Make a list of the lines ``name: text`` of a docstring, where name is a parameter."""
    try:
        names = list(inspect.signature(thing).parameters)
    except (TypeError, ValueError):
        return
    known = "|".join(map(re.escape, names)) or "(?!)"
    open_item = False
    written = []
    for line in lines:
        if found := re.match(rf"((?:{known})(?:, (?:{known}))*): (.*)", line):
            if not open_item:
                written.append("")
            written.append(f"* **{found[1]}**: {found[2]}")
            open_item = True
        elif open_item and line.strip():
            written.append(f"  {line.strip()}")
        else:
            if open_item:
                written.append("")
            open_item = False
            written.append(line)
    lines[:] = written


def with_own_signature(app, what, name, thing, options, signature, returned):
    """Return the signature of a class's own ``__init__``; that of a Keras model says nothing."""
    if what != "class" or "__init__" not in vars(thing) or not signature:
        return None
    own = list(inspect.signature(thing.__init__).parameters.values())[1:]  # without self
    shown = [parameter.replace(annotation=parameter.empty) for parameter in own]
    return str(inspect.Signature(shown)), returned


def describe_pictures(app, doctree):
    """Give each picture of a notebook the text that is stored beside it; mark the wide ones."""
    path = Path(app.srcdir, f"{app.env.docname}.ipynb")
    if not path.exists():
        return
    pictures = pictures_of(json.loads(path.read_text("utf-8")))
    for image in list(doctree.findall(nodes.image)):
        image["alt"], wide = pictures.get(Path(image["uri"]).stem, (image.get("alt", ""), False))
        if wide:
            box = nodes.container(classes=["wide"])
            image.replace_self(box)
            box += image


def pictures_of(notebook):
    """Return {name of its file, as myst-nb gives it: (text, whether it is wide)}."""
    found = {}
    for cell in notebook["cells"]:
        for output in cell.get("outputs", []):
            for kind, data in output.get("data", {}).items():
                if kind in ("image/png", "image/gif", "image/jpeg"):
                    picture = b64decode("".join(data))
                    width, height = Image.open(io.BytesIO(picture)).size
                    about = output["metadata"][kind]["alt"], width / height > WIDE
                    found[sha256(picture).hexdigest()] = about
    return found


def show_formula(self, node):
    """Write a formula as MathML, which browsers set without a script."""
    display = "block" if isinstance(node, nodes.math_block) else "inline"
    tex = node.astext()
    formula = to_mathml(tex, display)
    if not formula:
        logging.getLogger("nnlab").warning("no MathML for the formula %s", tex, location=node)
    self.body.append(formula or self.encode(tex))
    raise nodes.SkipNode


# What the theme and myst-nb write, and what those read who listen to a page or use its keys.
MENDED = [
    ('<summary aria-label="Toggle hidden content">', "<summary>"),
    (
        '<summary><span class="toctree-toggle" role="presentation">',
        '<summary aria-label="More pages"><span class="toctree-toggle" role="presentation">',
    ),
    ('title="Search" aria-label="Search"', 'title="Search"'),
]


SIGNATURE = re.compile(r'<dt class="sig .*?</dt>', re.DOTALL)


def without_list(signature):
    """Return a signature whose parameters are lines; Sphinx makes them a list without its terms."""
    text = re.sub(r"<(/?)dl>", r"<\1span>", signature[0])
    return text.replace("<dd>", '<span class="parameter">').replace("</dd>", "</span>")


def finish(app, problem):
    """Mend the pages, and let the button for downloads give the notebooks as they are committed."""
    if problem:
        return
    for path in Path(app.outdir).rglob("*.html"):
        text = path.read_text("utf-8")
        for written, better in MENDED:
            text = text.replace(written, better)
        path.write_text(SIGNATURE.sub(without_list, text), "utf-8")
    for path in Path(app.outdir, "_sources").rglob("*.ipynb"):
        shutil.copy(ROOT / path.relative_to(Path(app.outdir, "_sources")), path)


def setup(app):
    app.connect("autodoc-process-docstring", with_parameters)
    app.connect("autodoc-process-signature", with_own_signature)
    app.connect("doctree-read", describe_pictures)
    app.connect("build-finished", finish)
    app.add_node(nodes.math, override=True, html=(show_formula, None))
    app.add_node(nodes.math_block, override=True, html=(show_formula, None))
