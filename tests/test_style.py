"""What ruff does not hold of the house's style: comprehensions, assignments, the length of cells.

A notebook is held to the last two once it has a part "Your turn"; its solutions always are.
"""

import ast
import functools
import json
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LONGEST_CELL = 20  # lines
COMPREHENSIONS = ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp


def programs():
    found = []
    for folder in ("nnlab", "tests", "bench", "docs", "notebooks"):
        found += sorted((ROOT / folder).rglob("*.py"))
        found += sorted((ROOT / folder).rglob("*.ipynb"))
    return [path.relative_to(ROOT).as_posix() for path in found if ".ipynb_" not in str(path)]


def sources(path):
    """Return the source of a program, or of each code cell of a notebook."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".py":
        return [text]
    cells = json.loads(text)["cells"]
    code = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    return [without_magic(source) for source in code]


def without_magic(cell):
    """Return what is Python in a cell: also a program that it writes to a file."""
    first, *rest = cell.splitlines() or [""]
    if first.startswith("%%"):
        cell = "\n".join(rest) if first.split()[-1].endswith(".py") else ""
    return "\n".join(line for line in cell.splitlines() if not line.startswith(("%", "!")))


def dense_comprehensions(source):
    """Return the lines of comprehensions that hold another one or have a second ``for``."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, COMPREHENSIONS):
            inner = [each for each in ast.walk(node) if isinstance(each, COMPREHENSIONS)]
            if len(inner) > 1 or len(node.generators) > 1:
                found.append(source.splitlines()[node.lineno - 1].strip())
    return found


@pytest.mark.parametrize("name", programs())
def test_no_comprehension_holds_another_or_loops_twice(name):
    for source in sources(ROOT / name):
        assert not dense_comprehensions(source), name


@pytest.mark.parametrize(
    "dense",
    ["[[0 for j in i] for i in x]", "{i for j in x for i in j}", "f(y for y in [z for z in x])"],
)
def test_the_check_notices_a_dense_comprehension(dense):
    assert dense_comprehensions(f"a = 1\nb = {dense}") == [f"b = {dense}"]
    assert not dense_comprehensions("a = [i for i in x]\nb = {i: 1 for i in x}")


def lessons():
    """Return the names of the notebooks that have a part "Your turn"."""
    found = []
    for path in sorted((ROOT / "notebooks").glob("*.ipynb")):
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        if any("## Your turn" in "".join(cell["source"]) for cell in cells):
            found.append(path.relative_to(ROOT).as_posix())
    return found


SCRIPTS = [name for name in programs() if name.endswith(".py")]
SOLUTIONS = [name for name in programs() if name.startswith("notebooks/solutions/")]


def assignments_side_by_side(source):
    """Return the lines that assign several values that do not depend on each other."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Assign) or not isinstance(node.value, ast.Tuple | ast.List):
            continue
        names = node.targets[0]
        if isinstance(names, ast.Tuple | ast.List) and not change_places(names, node.value):
            found.append(source.splitlines()[node.lineno - 1].strip())
    return found


def change_places(names, values):
    """Return whether a value is made of what another one replaces, as in ``a, b = b, a``."""
    for name in names.elts:
        for other, value in zip(names.elts, values.elts, strict=False):
            parts = [ast.unparse(each) for each in ast.walk(value) if isinstance(each, ast.expr)]
            if other is not name and ast.unparse(name) in parts:
                return True
    return False


@pytest.mark.parametrize("name", SCRIPTS + lessons() + SOLUTIONS)
def test_a_line_assigns_one_thing(name):
    for source in sources(ROOT / name):
        assert not assignments_side_by_side(source), name


@pytest.mark.parametrize("line", ["a, b = 1, 2", "[a, b] = x, 2", "a[0], b = a[0] + 1, x"])
def test_the_check_notices_two_assignments(line):
    assert assignments_side_by_side(f"x = 1\n{line}") == [line]


@pytest.mark.parametrize("line", ["a, b = f(x)", "a, b = b, a", "a, a[0] = b, a", "a = 1, 2"])
def test_the_check_lets_a_line_unpack_and_swap(line):
    assert not assignments_side_by_side(line)


@functools.cache
def builders():
    """Return the names of what nnlab.models defines, and notebooks may repeat."""
    names = set()
    for path in (ROOT / "nnlab" / "models").glob("*.py"):
        names |= {getattr(node, "name", "") for node in ast.parse(path.read_text("utf-8")).body}
    return names


def lines_of_its_own(cell):
    """Return how many lines a cell has, without definitions that are those of nnlab.models."""
    count = len(cell.strip().splitlines())
    for node in ast.parse(cell).body:
        if getattr(node, "name", None) in builders():
            first = min(line.lineno for line in [node, *node.decorator_list])
            count -= node.end_lineno - first + 1
    return count


def silent_fits(source):
    """Return the calls of ``fit`` that print nothing."""
    calls = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
    fits = [ast.unparse(call) for call in calls if getattr(call.func, "attr", "") == "fit"]
    return [fit for fit in fits if "verbose=0" in fit]


@pytest.mark.parametrize("name", lessons() + SOLUTIONS)
def test_a_cell_is_one_idea(name):
    for source in sources(ROOT / name):
        assert lines_of_its_own(source) <= LONGEST_CELL, source


@pytest.mark.parametrize("name", lessons())
def test_nobody_stares_at_a_silent_cell(name):
    for source in sources(ROOT / name):
        assert not silent_fits(source), source


def test_the_check_counts_lines_but_those_of_a_builder_and_notices_silence():
    assert lines_of_its_own("a = 1\n\nb = 2\n") == 3
    assert lines_of_its_own("a = 1\n@f\ndef build_mlp():\n    return 1\n") == 1
    assert silent_fits("model.fit(x, verbose=0)\nmodel.predict(x, verbose=0)") == [
        "model.fit(x, verbose=0)"
    ]
