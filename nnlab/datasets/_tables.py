"""Tables of numbers over time: a column of times, then a column of numbers for each series."""

import csv
import re

import numpy as np

SEPARATORS = ",;\t"
TIME = re.compile(r"(\d{4}(-\d\d(-\d\d([ T]\d\d(:\d\d(:\d\d(\.\d{1,9})?)?)?)?)?)?)Z?")


def read_table(text, name):
    """Return times, values and the names of the series in the text of a CSV file.

    The first row names the columns. The first column has times as ISO 8601 writes them (1949-01,
    1981-01-01, 2016-07-01 00:00:00, also with the Z of UTC), which ascend; the others have numbers.
    What separates them is the one of comma, semicolon and tab that is in the first row most often.

    Returns datetime64 ``(num_times,)``, float64 ``(num_times, num_series)`` and a tuple.
    name: what an error calls the file.
    Raises ValueError for anything else, which tells the line.
    """
    lines = text.splitlines()
    first = next((line for line in lines if line.strip()), "")
    rows = _rows(lines, max(SEPARATORS, key=first.count), name)
    if len(rows) < 3 or len(rows[0][1]) < 2:
        raise ValueError(
            f"{name}: expected a row of names, then two rows or more, each of a time and a number "
            f"or more, separated by comma, semicolon or tab, got {len(rows)} rows and the first "
            f"line {first[:60]!r}"
        )
    line, header = rows.pop(0)
    if TIME.fullmatch(header[0].strip()):
        raise ValueError(
            f"{name}, line {line:,}: expected the names of the columns, got {header[0]!r}, a time: "
            "put a row of names first"
        )
    width = len(header)
    times = []
    values = np.empty((len(rows), width - 1))
    for place, (line, row) in enumerate(rows):
        where = f"{name}, line {line:,}"
        if len(row) != width:
            raise ValueError(f"{where}: expected {width} cells, as in the first row, got {row}")
        times.append(_time(row[0], where))
        for column, cell in enumerate(row[1:]):
            values[place, column] = _number(cell, where)
    times = np.array(times)  # in the finest of their units
    if backwards := np.flatnonzero(times[1:] <= times[:-1]).tolist():
        place = backwards[0] + 1
        raise ValueError(
            f"{name}, line {rows[place][0]:,}: expected a time after that of the row before, got "
            f"{times[place]} after {times[place - 1]}: sort the rows by time, one for each"
        )
    return times, values, tuple(cell.strip() for cell in header[1:])


def read_published(contents):
    """Return the same of a published set, whose only file this is."""
    return read_table(contents[0].decode("utf-8"), "the published file")


def _rows(lines, separator, name):
    """Return (number of the line in which it ends, cells) of each row that is not empty."""
    reader = csv.reader(lines, delimiter=separator)
    try:
        return [(reader.line_num, row) for row in reader if row]
    except csv.Error as error:
        raise ValueError(
            f"{name}, line {reader.line_num:,}: expected cells, got {error}: is a quotation mark "
            "opened and never closed?"
        ) from error


def _time(cell, where):
    """Return a time, numpy.datetime64, or raise a ValueError."""
    try:
        # NumPy alone also takes any integer for a year, and "today".
        if found := TIME.fullmatch(cell.strip()):
            return np.datetime64(found[1])
    except ValueError:  # no such day
        pass
    raise ValueError(
        f"{where}: expected a time such as 1949-01, 1981-01-31 or 2016-07-01 00:00, got "
        f"{cell!r}: year first, then month, then day; of time zones only Z, UTC"
    )


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
