"""Settings of notebooks, given on the command line: read, checked, put in by a cell of their own.

The convention is papermill's: a cell tagged ``parameters`` holds the settings, and one tagged
``injected-parameters`` comes after it.
"""

import ast
import difflib
import json
import uuid

from IPython.core.inputtransformer2 import TransformerManager
from nbformat.v4 import new_code_cell

from nnlab.cli._reading import read_notebook

SETTINGS = "parameters"  # tags of cells
INJECTED = "injected-parameters"
KINDS = {
    bool: "True or False",
    float: "a number",
    str: "a text",
    tuple: "a tuple",
    dict: "a dict",
}


def parse_parameters(words):
    """Return name → value of words such as ``EPOCHS=3``.

    A value is a Python literal (``3``, ``1e-3``, ``True``, ``None``, ``(64, 32)``), and else text.

    Raises ValueError for a word without a name or a value, a name given twice, and a literal that
    JSON cannot hold, such as a set.
    """
    parameters = {}
    for word in words:
        name, equals, text = word.partition("=")
        name = name.strip()
        if not equals or not name.isidentifier():
            raise ValueError(f"expected NAME=VALUE, such as EPOCHS=3, got {word!r}")
        if name in parameters:
            raise ValueError(f"{name} is given twice: give it once")
        parameters[name] = _value(name, text)
    return parameters


def _value(name, text):
    try:
        value = ast.literal_eval(text.strip())
    except (ValueError, SyntaxError, MemoryError, RecursionError):  # no literal
        return text
    try:
        json.dumps(value, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"{name} cannot be {text}: give a number, a text, True, False, None, "
            "or a tuple, list or dict of them"
        ) from error
    return value


def choose_parameters(paths, parameters):
    """Return path → name → value: for each notebook, those of the parameters that are settings.

    paths: of notebooks. One that cannot be read has no settings here; running it tells why.
    parameters: name → value, as from ``parse_parameters``.

    Raises ValueError for a name that none of them has, naming those there are; for one that others
    are computed from, such as QUICK; and for a value of another kind than a notebook's own.
    """
    if not parameters:
        return {path: {} for path in paths}
    settings = {path: _settings_at(path) for path in paths}
    for name in parameters:
        _check_name(name, settings)
    chosen = {}
    for path, known in settings.items():
        chosen[path] = {name: value for name, value in parameters.items() if name in known}
        for name, value in chosen[path].items():
            _check_kind(name, value, known[name], path)
    return chosen


def inject_parameters(notebook, parameters):
    """Put a cell that sets these parameters after the settings, in the place of an earlier one."""
    if not parameters:
        return
    lines = ["# Parameters", *(f"{name} = {value!r}" for name, value in parameters.items())]
    cell = new_code_cell("\n".join(lines), metadata={"tags": [INJECTED]}, id=uuid.uuid4().hex[:8])
    notebook.cells = [each for each in notebook.cells if not _is_tagged(each, INJECTED)]
    index = notebook.cells.index(_settings_cell(notebook))
    notebook.cells.insert(index + 1, cell)


def text_of(parameters):
    """Return parameters as they are typed: ``EPOCHS=3, DATASET=digits``."""
    words = []
    for name, value in parameters.items():
        words.append(f"{name}={value if isinstance(value, str) else repr(value)}")
    return ", ".join(words)


def _settings_at(path):
    """Return name → values of the settings of a notebook, as syntax trees."""
    try:
        cell = _settings_cell(read_notebook(path))
    except Exception:  # a file may hold anything
        return {}
    return _assigned(cell.source) if cell else {}


def _settings_cell(notebook):
    cells = (cell for cell in notebook.cells if cell.cell_type == "code")
    return next((cell for cell in cells if _is_tagged(cell, SETTINGS)), None)


def _is_tagged(cell, tag):
    return tag in cell.metadata.get("tags", [])


def _assigned(source):
    """Return name → the values that a cell assigns to it; none if others are computed from it."""
    try:
        tree = ast.parse(TransformerManager().transform_cell(source))
    except SyntaxError:  # running it tells where
        return {}
    assigned = {}
    read = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign | ast.AnnAssign):
            for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
                if isinstance(target, ast.Name):
                    assigned.setdefault(target.id, []).append(node.value)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            read.add(node.id)
    return {name: [] if name in read else values for name, values in assigned.items()}


def _check_name(name, settings):
    known = {}  # name → values of it in any of the notebooks
    for each in settings.values():
        for key, values in each.items():
            known[key] = known.get(key, []) + values
    free = [key for key, values in known.items() if values]
    if name in free:
        return
    if name in known:
        advice = " Use --quick." if name == "QUICK" else ""
        raise ValueError(f"{name} cannot be given: other settings are computed from it.{advice}")
    if not free:
        raise ValueError(
            f"nothing can be set by {name}: no notebook here has settings, a cell tagged "
            f"{SETTINGS!r}"
        )
    near = difflib.get_close_matches(name, free, 1, 0.6)
    meant = f" (did you mean {near[0]}?)" if near else ""
    raise ValueError(f"unknown parameter {name}{meant}; there are {', '.join(free)}")


def _check_kind(name, value, own, path):
    """Raise ValueError for a value of another kind than the notebook's own, where that is known."""
    if not own:
        raise ValueError(
            f"{name} cannot be given to {path.stem}: other settings are computed from it"
        )
    kinds = set()
    for node in own:
        for each in (node.body, node.orelse) if isinstance(node, ast.IfExp) else (node,):
            kinds.add(_kind_of_node(each))
    if kinds <= KINDS.keys() and _kind(value) not in kinds:
        wanted = " or ".join(sorted(KINDS[kind] for kind in kinds))
        raise ValueError(
            f"{name} of {path.stem} is {wanted}, {ast.unparse(own[0])}: got {value!r}. "
            "Give one like it, or name the notebooks to run"
        )


def _kind_of_node(node):
    if isinstance(node, ast.Dict):
        return dict
    if isinstance(node, ast.Tuple | ast.List):
        return tuple
    try:
        return _kind(ast.literal_eval(node))
    except ValueError:  # it is computed
        return None


def _kind(value):
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float
    return tuple if isinstance(value, list) else type(value)
