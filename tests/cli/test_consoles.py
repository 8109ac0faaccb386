"""Consoles that cannot show every character: no command dies of one, and copies stay Python."""

import ast
import io
import json
import os
import subprocess
import sys

import pytest

from nnlab.cli import app
from nnlab.cli._copying import _read_package, copyable_source, find_helper

NNLAB = [sys.executable, "-c", "from nnlab.cli import app; app()"]
CONSOLES = {
    "cp1252": {"PYTHONIOENCODING": "cp1252"},
    "ascii": {"PYTHONIOENCODING": "ascii"},
    "a plain C locale": {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
}


def helpers():
    found, wholes = _read_package()
    wholes = wholes | {"launching", "trained"}
    return [name for name, helper in found.items() if helper.module not in wholes]


@pytest.fixture(params=CONSOLES)
def console(request):
    """Return the environment variables of a console that cannot show every character."""
    return os.environ | CONSOLES[request.param]


def test_a_failure_that_a_console_cannot_show_is_shown_in_escapes_and_the_rest_runs(
    tmp_path, console, write_notebook
):
    write_notebook(tmp_path / "a.ipynb", "raise ValueError('1 ≥ 2 😀')")
    write_notebook(tmp_path / "b.ipynb", "1")
    words = [*NNLAB, "run", "--out", "out", "a.ipynb", "b.ipynb"]
    done = subprocess.run(words, cwd=tmp_path, env=console, capture_output=True, timeout=120)
    assert done.returncode == 1
    assert b"ValueError: 1 \\u2265 2 \\U0001f600" in done.stdout
    assert b"b: ok" in done.stdout
    assert b"Gallery: " in done.stdout
    assert "1 ≥ 2 😀" in (tmp_path / "out" / "index.html").read_text("utf-8")
    rows = json.loads((tmp_path / "out" / "results.json").read_text("utf-8"))["notebooks"]
    assert [row["status"] for row in rows] == ["failed", "ok"]


def test_a_helper_that_is_copied_into_a_file_is_python(tmp_path, console):
    words = [*NNLAB, "copy", "metrics.frechet_distance"]
    with (tmp_path / "f.py").open("wb") as file:
        assert subprocess.run(words, env=console, stdout=file, timeout=60).returncode == 0
    text = (tmp_path / "f.py").read_text("utf-8")
    assert text.rstrip("\n") == copyable_source(find_helper("metrics.frechet_distance"))
    assert subprocess.run([sys.executable, "f.py"], cwd=tmp_path, timeout=60).returncode == 0


class Terminal(io.TextIOWrapper):
    def isatty(self):
        return True


@pytest.fixture
def printed(monkeypatch):
    """Return a function: the bytes that are written when a helper is printed on a stream."""

    def copy(name, kind, encoding):
        written = io.BytesIO()
        monkeypatch.setattr(sys, "stdout", kind(written, encoding=encoding))
        app(["copy", name], standalone_mode=False)
        sys.stdout.flush()
        return written.getvalue()

    return copy


@pytest.mark.parametrize("name", helpers())
def test_every_helper_is_the_same_program_where_some_of_its_characters_are_escapes(printed, name):
    source = copyable_source(find_helper(name))
    assert "\x1b" not in source  # only terminals would show it
    copied = printed(name, Terminal, "cp1252").decode("cp1252")
    assert ast.dump(ast.parse(copied)) == ast.dump(ast.parse(source))


@pytest.mark.parametrize(
    ("kind", "encoding"),
    [
        (io.TextIOWrapper, "ascii"),
        (io.TextIOWrapper, "cp1252"),
        (io.TextIOWrapper, "utf-8"),
        (Terminal, "ascii"),  # to which typer writes UTF-8
        (Terminal, "utf-8"),
    ],
)
def test_every_other_stream_gets_a_helper_in_utf_8_whatever_is_in_it(printed, kind, encoding):
    source = copyable_source(find_helper("metrics.frechet_distance"))
    assert "≥" in source
    copied = printed("metrics.frechet_distance", kind, encoding).decode("utf-8")
    assert copied == f"{source}\n"


@pytest.fixture
def nnlab_in_ascii(monkeypatch):
    """Return a function that runs nnlab with streams of ASCII: words → exit code, what it wrote."""

    def run(words):
        written = [io.BytesIO(), io.BytesIO()]
        for name, stream in zip(("stdout", "stderr"), written, strict=True):
            monkeypatch.setattr(sys, name, io.TextIOWrapper(stream, encoding="ascii"))
        with pytest.raises(SystemExit) as ended:
            app(words)
        sys.stdout.flush()
        sys.stderr.flush()
        return ended.value.code, *(stream.getvalue() for stream in written)

    return run


TYPED_WRONG = [
    ["≥"],
    ["--≥"],
    ["copy", "models.≥"],
    ["run", "≥.ipynb"],
    ["run", "--≥"],
    ["run", os.fsdecode(b"\xff.ipynb")],
    ["data", "fetch", "≥"],
]


@pytest.mark.parametrize("words", TYPED_WRONG, ids=ascii)
def test_what_was_typed_wrong_is_named_whatever_its_characters(nnlab_in_ascii, words):
    code, _, said = nnlab_in_ascii(words)
    assert code == 2
    assert b"Traceback" not in said
    assert b"\\u" in said or b"\\x" in said or b"\\udc" in said


@pytest.mark.parametrize("command", ["", "run", "launch", "data", "copy", "info"])
def test_help_is_shown_on_a_console_of_ascii(nnlab_in_ascii, command):
    code, said, _ = nnlab_in_ascii([*command.split(), "--help"])
    assert code == 0
    assert b"Usage" in said


@pytest.mark.parametrize(("words", "code"), [(["copy", "models.≥"], 2), (["--help"], 0)], ids=ascii)
def test_a_process_of_its_own_does_the_same_on_a_console_of_ascii(tmp_path, words, code):
    words = [*NNLAB, *map(os.fsencode, words)]
    ascii_only = os.environ | CONSOLES["ascii"]
    done = subprocess.run(words, cwd=tmp_path, env=ascii_only, capture_output=True, timeout=60)
    assert done.returncode == code, done.stderr
    assert b"Traceback" not in done.stderr
    assert b"Usage" in done.stdout or b"\\u2265" in done.stderr
