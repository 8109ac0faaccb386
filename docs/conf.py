"""Settings of the site: Sphinx, myst-nb and sphinx-book-theme over the notebooks' stored outputs."""

import inspect
import os
import re

from docutils import nodes

import nnlab
from nnlab.cli._formulas import to_mathml

project = "nnlab"
author = "The nnlab contributors"
release = nnlab.__version__
copyright = author

extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.viewcode", "sphinx_copybutton", "sphinx_design"]
source_suffix = {".md": "myst-nb", ".ipynb": "myst-nb"}
nitpick_ignore_regex = [("py:.*", ".*")]
default_role = "code"  # our docstrings put names between single backticks

nb_execution_mode = "off"
nb_mime_priority_overrides = [("html", "image/gif", 5)]
myst_enable_extensions = ["dollarmath", "colon_fence"]
myst_heading_anchors = 3
copybutton_exclude = ".linenos, .gp, .go"

autodoc_member_order = "bysource"
autodoc_typehints = "none"
autodoc_inherit_docstrings = False  # Keras documents its own

html_theme = "sphinx_book_theme"
html_title = "nnlab"
html_static_path = ["_static"]
html_css_files = ["nnlab.css"]
html_show_sourcelink = True
repository = os.environ.get("GITHUB_REPOSITORY", "OWNER/nnlab")
html_theme_options = {
    "repository_url": f"https://github.com/{repository}",
    "repository_branch": "main",
    "path_to_docs": "",
    "use_repository_button": True,
    "use_download_button": True,
    "use_fullscreen_button": False,
    "launch_buttons": {"colab_url": "https://colab.research.google.com"},
    "show_toc_level": 2,
    "home_page_in_toc": True,
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


def show_formula(self, node):
    """Write a formula as MathML, which browsers set without a script."""
    display = "block" if isinstance(node, nodes.math_block) else "inline"
    self.body.append(to_mathml(node.astext(), display) or self.encode(node.astext()))
    raise nodes.SkipNode


def setup(app):
    app.connect("autodoc-process-docstring", with_parameters)
    app.add_node(nodes.math, override=True, html=(show_formula, None))
    app.add_node(nodes.math_block, override=True, html=(show_formula, None))
