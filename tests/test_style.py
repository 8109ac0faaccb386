"""What ruff does not hold of the house's style: a comprehension is simple, or it is a loop."""

import ast
import json
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
COMPREHENSIONS = ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp


def programs():
    found = []
    for folder in ("nnlab", "tests", "bench", "notebooks"):
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
