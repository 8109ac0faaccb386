"""Tables of numbers over time: a column of times, then a column of numbers for each series."""

import csv

import numpy as np

SEPARATORS = ",;\t"


def read_table(text, name):
    """Return times, values and the names of the series in the text of a CSV file.

    The first row names the columns. The first column has times as ISO 8601 writes them (1949-01,
    1981-01-01, 2016-07-01 00:00:00), which ascend; the others have numbers. What separates them is
    the one of comma, semicolon and tab that is in the first row most often.

    Returns datetime64 ``(num_times,)``, float64 ``(num_times, num_series)`` and a tuple.
    name: what an error calls the file.
    Raises ValueError for anything else, which tells the line.
    """
    lines = text.splitlines()
    first = lines[0] if lines else ""
    separator = max(SEPARATORS, key=first.count)
    rows = [row for row in csv.reader(lines, delimiter=separator) if row]
    if len(rows) < 3 or len(rows[0]) < 2:
        raise ValueError(
            f"{name}: expected a row of names, then two rows or more, each of a time and a number "
            f"or more, separated by comma, semicolon or tab, got {len(rows)} rows and the first "
            f"line {first[:60]!r}"
        )
    width = len(rows[0])
    times = []
    values = np.empty((len(rows) - 1, width - 1))
    for place, row in enumerate(rows[1:]):
        where = f"{name}, row {place + 2:,}"
        if len(row) != width:
            raise ValueError(f"{where}: expected {width} cells, as in the first row, got {row}")
        times.append(_time(row[0], where))
        for column, cell in enumerate(row[1:]):
            values[place, column] = _number(cell, where)
    times = np.array(times)  # in the finest of their units
    if backwards := np.flatnonzero(times[1:] <= times[:-1]).tolist():
        row = backwards[0] + 3
        raise ValueError(
            f"{name}, row {row:,}: expected a time after that of the row before, got "
            f"{times[row - 2]} after {times[row - 3]}: sort the rows by time, one for each"
        )
    return times, values, tuple(cell.strip() for cell in rows[0][1:])


def read_published(contents):
    """Return the same of a published set, whose only file this is."""
    return read_table(contents[0].decode("utf-8"), "the published file")


def _time(cell, where):
    """Return a time, numpy.datetime64, or raise a ValueError."""
    try:
        time = np.datetime64(cell.strip())
    except ValueError:
        time = np.datetime64("NaT")
    if np.isnat(time):
        raise ValueError(
            f"{where}: expected a time such as 1949-01, 1981-01-31 or 2016-07-01 00:00, got "
            f"{cell!r}: year first, then month, then day"
        )
    return time


def _number(cell, where):
    """Return a number that is finite, or raise a ValueError."""
    try:
        number = float(cell)
    except ValueError:
        number = float("nan")
    if not np.isfinite(number):
        raise ValueError(
            f"{where}: expected a number with a decimal point, got {cell!r}: where a value is "
            "missing, fill it or leave the rows before it out"
        )
    return number
