"""TeX in a notebook's Markdown, as pages without scripts can show it: as MathML."""

import re
from itertools import pairwise
from xml.etree import ElementTree

from latex2mathml.converter import convert

# A formula touches its dollar signs, and holds no code: "$5 and $6" is none.
INLINE = r"(?<![$\\])\$(?=\S)(?P<math_inline_tex>(?:[^$\\`]|\\.)+?)(?<=\S)\$(?![\d$])"
BLOCK = r"(?s:(?<!\\)\$\$(.+?)(?<!\\)\$\$)"
BETWEEN = {"msup": "^", "msub": "_", "mfrac": "/"}  # the parts of it, in plain text
INDEXED = ("msub", "msup", "msubsup", "munder")
LIMITS = ("max", "min", "lim", "argmax", "argmin")  # what has its index below, in a line of its own


def to_mathml(tex, display="inline"):
    """Return TeX as a MathML element, a string; "" where it holds what is not known.

    tex: without its dollar signs.
    display: ``"inline"`` or ``"block"``, a line of its own.
    """
    formula = _parsed(tex, display)
    if formula is None:
        return ""
    for node in formula.iter():
        _mend_kind(node)
        if display == "block" and node.tag == "msub" and node[0].text in LIMITS:
            node.tag = "munder"
    for row in list(formula.iter("mrow")):
        _mend_spaces(row)
    return ElementTree.tostring(formula, encoding="unicode")


def without_formulas(markdown):
    """Return Markdown whose formulas are plain text, or TeX where it holds what is not known."""
    text = re.sub(BLOCK, lambda formula: _to_text(formula[1]), markdown)
    return re.sub(INLINE, lambda formula: _to_text(formula[1]), text)


def _parsed(tex, display):
    """Return TeX as a tree of MathML, None where it holds what is not known."""
    try:
        formula = ElementTree.fromstring(convert(tex, xmlns="", display=display))
    except Exception:  # an author may write anything: it is shown as it is
        return None
    return None if "\\" in "".join(formula.itertext()) else formula


def _to_text(tex):
    formula = _parsed(tex, "inline")
    return tex if formula is None else _text_of(formula)


def _text_of(node):
    if not len(node):
        return node.text or ""
    return BETWEEN.get(node.tag, "").join(map(_text_of, node))


def _mend_kind(node):
    """Make a symbol such as ± an operator, and a word such as max a name: a browser spaces them."""
    text = (node.text or "").replace("~", "∼")
    if node.tag == "mi" and text and not text[0].isalnum():
        node.tag = "mo"
        node.text = text
    elif node.tag == "mo" and text.isalpha():
        node.tag = "mi"
    if text in ("‖", "|", "∣") and "stretchy" not in node.attrib:
        node.set("stretchy", "false")


def _mend_spaces(row):
    """Put thin spaces beside names of functions, and none after the sign of a number."""
    spaced = []
    for place, (node, after) in enumerate(pairwise(row), 1):
        if after.text in ("−", "+", "±") and node.tag == "mo" and node.text not in (")", "]", "|"):
            after.set("form", "prefix")
        before_name = _is_function(after) and (node.tag != "mo" or node.text == ")")
        if before_name or (_is_function(node) and after.tag not in ("mo", "mspace")):
            spaced.append(place)
    for place in reversed(spaced):
        row.insert(place, ElementTree.Element("mspace", width="0.167em"))


def _is_function(node):
    """Return whether a node is a name of several letters, maybe with an index."""
    name = node[0] if len(node) and node.tag in INDEXED else node
    text = name.text or ""
    return name.tag == "mi" and len(text) > 1 and text.isalpha()
