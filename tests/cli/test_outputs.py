"""What a cell shows keeps its order: text, figures, standard output and standard error in turn."""

import time

import nbformat
import pytest
from nbformat.v4 import new_output

from nnlab.cli._kernel import merge_streams

PRINTS_AND_SHOWS = """
import matplotlib.pyplot as plt
for i in range(3):
    print("before", i)
    print("figure", i)
    plt.plot([0, i])
    plt.show()
"""
WRITES_IN_TURN = """
import sys
for i in range(3):
    print("out", i)
    print("err", i, file=sys.stderr)
"""
WRITES_OVER = r"""
import sys
for i in range(4):
    print(f"\rstep {i}", end="", file=sys.stderr)
    if i == 1:
        print("half way")
"""
WRITES_A_BAR_AND_MUCH = r"""
import sys
for step in range(3):
    print(f"\rstep {step}", end="", flush=True)
print("\ndone")
print("careful", file=sys.stderr)
print("x" * 1_000_000)
1
"""


def shown(outputs):
    """Return (where, text) pairs of outputs."""
    return [(output.get("name", "figure"), output.get("text")) for output in outputs]


@pytest.fixture(scope="module")
def cells(tmp_path_factory, write_notebook, run_one):
    """Return the outputs of four cells."""
    folder = tmp_path_factory.mktemp("outputs")
    sources = [PRINTS_AND_SHOWS, WRITES_IN_TURN, WRITES_OVER, WRITES_A_BAR_AND_MUCH]
    path = write_notebook(folder / "a.ipynb", *sources)
    assert run_one(path, folder / "out").status == "ok"
    cells = nbformat.read(folder / "out" / "a.ipynb", as_version=4).cells
    return [cell.outputs for cell in cells[1:]]


def test_figures_stay_between_what_is_printed_before_and_after_them(cells):
    expected = []
    for i in range(3):
        expected += [("stdout", f"before {i}\nfigure {i}\n"), ("figure", None)]
    assert shown(cells[0]) == expected


def test_what_goes_to_the_two_streams_in_turn_stays_in_turn(cells):
    expected = []
    for i in range(3):
        expected += [("stdout", f"out {i}\n"), ("stderr", f"err {i}\n")]
    assert shown(cells[1]) == expected


def test_each_piece_of_a_progress_bar_is_kept_as_its_last_line(cells):
    assert shown(cells[2]) == [
        ("stderr", "step 1"),
        ("stdout", "half way\n"),
        ("stderr", "step 3"),
    ]


def test_streams_are_joined_and_a_progress_bar_is_kept_as_its_last_line(cells):
    outputs = cells[3]
    assert [output.get("name") for output in outputs] == ["stdout", "stderr", "stdout", None]
    assert outputs[0].text == "step 2\ndone\n"
    assert outputs[1].text == "careful\n"
    assert outputs[2].text == "x" * 1_000_000 + "\n"


def test_only_neighbours_of_one_stream_are_joined():
    def text(name, text):
        return new_output("stream", name=name, text=text)

    figure = new_output("display_data", {"image/png": ""})
    pieces = [text("stdout", "a\n"), text("stdout", "b\r"), text("stdout", "c"), figure, figure]
    pieces += [text("stdout", "d"), text("stderr", "e"), text("stdout", "f\r\n")]
    assert shown(merge_streams(pieces)) == [
        ("stdout", "a\nc"),
        ("figure", None),
        ("figure", None),
        ("stdout", "d"),
        ("stderr", "e"),
        ("stdout", "f\n"),
    ]


def test_joining_takes_a_time_that_grows_with_the_text_alone():
    bar = [new_output("stream", name="stdout", text=f"\r{i:5000}") for i in range(2000)]
    line = [new_output("stream", name="stdout", text=f"{i:5000}") for i in range(2000)]
    start = time.perf_counter()
    [joined] = merge_streams(bar + line)
    assert joined.text == f"{1999:5000}" + "".join(piece.text for piece in line)
    assert time.perf_counter() - start < 5  # to search from every place would take days
