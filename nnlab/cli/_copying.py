"""Print a helper so that it can be pasted elsewhere: its source, under just the imports it needs.

Files are read, not imported: it takes no Keras to copy a function that uses Keras.
"""

import ast
import builtins
import copy
import difflib
import functools
import symtable
import sys
from dataclasses import dataclass
from pathlib import Path

COMMAND = Path(__file__).parent  # this folder holds no helpers
PACKAGE = COMMAND.parent


@dataclass(frozen=True)
class Helper:
    """A public function or class, as text, and what surrounds it.

    name: its own, such as ``build_mlp``.
    module: where readers import it from, such as ``models``.
    node: its syntax tree.
    code: its text, decorators included.
    imports: the import statements of its file, as syntax trees.
    """

    name: str
    module: str
    node: ast.AST
    code: str
    imports: tuple[ast.AST, ...]


def find_helper(name):
    """Return the Helper of a name.

    name: ``models.build_mlp``, also with the file (``models.mlp.build_mlp``) or with ``nnlab.``.

    Raises ValueError for a name of the command or of a module that works as a whole only, and for
    an unknown name, listing those most like it, or else all helpers.
    """
    inside = name.removeprefix("nnlab.")
    module = inside.split(".")[0]
    last = inside.split(".")[-1]
    if module == COMMAND.name:
        raise ValueError(f"{name} belongs to the nnlab command: it is no helper to copy")
    helpers, wholes = _read_package()
    helper = helpers.get(f"{module}.{last}")
    if helper and module in wholes:
        raise ValueError(
            f"{last} cannot be copied alone: nnlab.{module} works as a whole. {_install(helper)}"
        )
    if helper:
        return helper
    known = sorted(key for key, one in helpers.items() if one.module not in wholes)
    known = [key for key in known if not _needs(helpers[key])]
    raise ValueError(f"no helper named {name!r}: {_advice(inside, known, helpers)}")


def _advice(name, known, helpers):
    """Return which names are meant by one that is none, or else all that are known."""
    of_module = [one for one in known if one.startswith(f"{name}.")]
    if of_module:
        return f"this module has {', '.join(of_module)}"
    if name in {helper.module for helper in helpers.values()}:
        return f"nnlab.{name} works as a whole: install nnlab, and import it from there"
    last = name.split(".")[-1]
    near = [one for one in known if one.endswith(f".{last}")]
    near = near or difflib.get_close_matches(name, known, 3, 0.7)
    return f"did you mean {' or '.join(near)}?" if near else f"known are {', '.join(known)}"


def copyable_source(helper):
    """Return the source of a Helper, under those of its module's imports that it uses.

    Raises ValueError where it uses something else of nnlab, and so cannot stand alone.
    """
    if needs := _needs(helper):
        raise ValueError(
            f"{helper.name} cannot be copied alone: it uses {', '.join(sorted(needs))} of nnlab. "
            + _install(helper)
        )
    lines = _import_lines(helper)
    return "\n".join([*lines, "", "", helper.code] if lines else [helper.code])


def _install(helper):
    return f"Install nnlab, then: from nnlab.{helper.module} import {helper.name}"


def helpers_in(source, tree, module):
    """Return a file's public functions and classes, name → Helper.

    source: the text of the file.
    tree: its syntax tree.
    module: what readers import from.
    """
    lines = source.split("\n")
    imports = tuple(node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom))
    helpers = {}
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_"):
            first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
            code = "\n".join(lines[first - 1 : node.end_lineno])
            helpers[node.name] = Helper(node.name, module, node, code, imports)
    return helpers


@functools.cache
def _read_package():
    """Return ``module.name`` → Helper of all nnlab, and the modules that work as a whole only.

    A package offers the helpers of its files. It works as a whole if a file of it leans on another
    file of nnlab: what is made to be copied leans on none.
    """
    helpers = {}
    wholes = set()
    for path in sorted(PACKAGE.rglob("*.py")):
        module, *rest = path.relative_to(PACKAGE).with_suffix("").parts
        if module in (COMMAND.name, "__init__"):
            continue
        source = path.read_text("utf-8")
        tree = ast.parse(source)
        is_face = rest == ["__init__"]
        if not is_face and _imports_nnlab(tree):
            wholes.add(module)
        if is_face or not any(part.startswith("_") for part in rest):
            for name, helper in helpers_in(source, tree, module).items():
                helpers[f"{module}.{name}"] = helper
    return helpers, wholes


def _imports_nnlab(tree):
    nodes = [node for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom)]
    return any(_package(node) == "nnlab" for node in nodes)


def _import_lines(helper):
    """Return the imports that a helper uses, the standard library's and the others apart."""
    used = _names_used(helper.code)
    lines = []
    standard_before = None
    for node in helper.imports:
        wanted = copy.copy(node)
        wanted.names = [alias for alias in node.names if _bound(alias) in used]
        if not wanted.names:
            continue
        standard = _package(node) in sys.stdlib_module_names
        if lines and standard != standard_before:
            lines.append("")
        lines.append(ast.unparse(wanted))
        standard_before = standard
    return lines


def _bound(alias):
    """Return the name that an import puts into the module: ``os`` for ``import os.path``."""
    return alias.asname or alias.name.split(".")[0]


def _package(node):
    """Return the package that an import statement takes from."""
    module = node.module if isinstance(node, ast.ImportFrom) else node.names[0].name
    return module.split(".")[0]


def _needs(helper):
    """Return what a helper uses that is neither built in nor imported from outside nnlab."""
    outside = set(dir(builtins))
    for node in helper.imports:
        if _package(node) != "nnlab":
            outside.update(map(_bound, node.names))
    needs = _names_used(helper.code) - outside
    return needs | {"other modules"} if _imports_nnlab(helper.node) else needs


def _names_used(code):
    """Return the names that a definition takes from its module, also for its decorators."""
    module = symtable.symtable(code, "copied", "exec")
    [definition] = {symbol.get_name() for symbol in module.get_symbols() if symbol.is_namespace()}
    names = {symbol.get_name() for symbol in module.get_symbols() if symbol.is_referenced()}
    for child in module.get_children():
        names |= _globals_used(child)
    return names - {definition}


def _globals_used(table):
    names = set()
    for symbol in table.get_symbols():
        if symbol.is_global() and symbol.is_referenced():
            names.add(symbol.get_name())
    for child in table.get_children():
        names |= _globals_used(child)
    return names
