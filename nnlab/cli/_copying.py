"""Print a helper so that it can be pasted elsewhere: its source, under just the imports it needs.

Files are read, not imported: it takes no Keras to copy a function that uses Keras.
"""

import ast
import builtins
import difflib
import symtable
from pathlib import Path

PACKAGE = Path(__file__).parents[1]
# Modules of the nnlab command hold no helpers.
COMMAND = ("cli", "launching")


def find_helper(name):
    """Return the source of the module that defines a public function or class, and its name in there.

    name: ``models.build_mlp``, also with the file (``models.mlp.build_mlp``) or with ``nnlab.`` in front.
    Raises ValueError for an unknown name, listing those most like it, or else all helpers.
    """
    catalogue = _catalogue()
    module, *_, last = name.removeprefix("nnlab.").split(".") if "." in name else ("", name)
    if source := catalogue.get(f"{module}.{last}"):
        return source, last
    if module in COMMAND:
        raise ValueError(f"{name} belongs to the nnlab command: it is no helper to copy")
    known = sorted(
        known for known, source in catalogue.items() if not _missing(source, known.split(".")[1])
    )
    near = [one for one in known if one.endswith(f".{last}")]
    near = near or difflib.get_close_matches(f"{module}.{last}", known, 3, 0.7)
    advice = f"did you mean {' or '.join(near)}?" if near else f"known are {', '.join(known)}"
    raise ValueError(f"no helper named {name!r}: {advice}")


def copyable_source(module_source, name):
    """Return the source of a function or class of a module, under those of the module's imports that it uses.

    Raises ValueError where it uses something else of its module, or of nnlab, and so cannot stand alone.
    """
    if missing := _missing(module_source, name):
        raise ValueError(
            f"{name} cannot be copied alone: it uses {', '.join(sorted(missing))} of nnlab. "
            "Install nnlab, and import it from there."
        )
    code = _definition(module_source, name)
    used, lines, last_line = _names_used(code), [], None
    for node in _imports(module_source):
        node.names = [alias for alias in node.names if _bound(alias) in used]
        if node.names:
            if last_line and any(
                not line.strip() for line in module_source.splitlines()[last_line : node.lineno]
            ):
                lines.append("")  # between the standard library and the rest, as in the module
            lines.append(ast.unparse(node))
            last_line = node.end_lineno
    return "\n".join([*lines, "", "", code] if lines else [code])


def _catalogue():
    """Return name → source of its module, for every public function and class; a package offers those of its files."""
    found = {}
    for path in PACKAGE.rglob("*.py"):
        parts = path.relative_to(PACKAGE).with_suffix("").parts
        if parts[0] in COMMAND or any(part.startswith("_") for part in parts):
            continue
        source = path.read_text("utf-8")
        for node in ast.parse(source).body:
            if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_"):
                found[f"{parts[0]}.{node.name}"] = source
    return found


def _definition(source, name):
    """Return the text of a top-level function or class, decorators included."""
    for node in ast.parse(source).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and node.name == name:
            first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
            return "\n".join(source.splitlines()[first - 1 : node.end_lineno])
    raise ValueError(f"no function or class {name} in this module")


def _imports(source):
    return [
        node for node in ast.parse(source).body if isinstance(node, ast.Import | ast.ImportFrom)
    ]


def _bound(alias):
    """Return the name that an import puts into the module: ``os`` for ``import os.path``."""
    return alias.asname or alias.name.split(".")[0]


def _names_used(code):
    """Return the names that a definition takes from its module, in decorators and default values too."""

    def used_within(table):
        names = {
            symbol.get_name()
            for symbol in table.get_symbols()
            if symbol.is_global() and symbol.is_referenced()
        }
        return names.union(*map(used_within, table.get_children()))

    module = symtable.symtable(code, "copied", "exec")
    [definition] = {symbol.get_name() for symbol in module.get_symbols() if symbol.is_namespace()}
    outside = {symbol.get_name() for symbol in module.get_symbols() if symbol.is_referenced()}
    return outside.union(*map(used_within, module.get_children())) - {definition}


def _missing(source, name):
    """Return the names that a definition uses and that are neither imported from outside nnlab nor built in."""
    outside = {
        _bound(alias)
        for node in _imports(source)
        for alias in node.names
        if (getattr(node, "module", None) or alias.name).split(".")[0] != "nnlab"
    }
    return _names_used(_definition(source, name)) - outside - set(dir(builtins))
