"""Bring the tables up to date that repeat what a program knows better.

    python docs/results.py

README.md: results and times of the stored full runs, from the records in the notebooks.
docs/site/data.md: size, licence and stand-in of each data set, from nnlab.

What is written by hand in their other columns stays.
"""

import json
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
DATA_PAGE = ROOT / "docs" / "site" / "data.md"
RECORD = "application/vnd.nnlab.record+json"
ROW = re.compile(r"\| (\[.*\]\(notebooks/(\w+)\.ipynb\)) \| (.*?) \|")
DATA_ROW = re.compile(r"\| `(\w+)` \| (.*?) \|")


def record_of(path):
    """Return the run record that a notebook stores, a dict."""
    for cell in json.loads(path.read_text("utf-8"))["cells"]:
        for output in cell.get("outputs", []):
            if RECORD in output.get("data", {}):
                return output["data"][RECORD]
    raise ValueError(f"{path} stores no run record: run it in full, by `make notebooks`")


def duration(seconds):
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"


def result_of(record):
    """Return the first result of a record, which the notebook promises: its name and number."""
    first = record["metrics"][0]
    return f"{first['name'].replace('_', ' ')} {first['value']:.4g}"


def with_results(readme):
    """Return the text of the README with all rows of its table of notebooks updated."""

    def update(row):
        link, name, lesson = row.groups()
        record = record_of(ROOT / "notebooks" / f"{name}.ipynb")
        return f"| {link} | {lesson} | {result_of(record)} | {duration(record['seconds'])} |"

    return re.sub(ROW.pattern + ".*", update, readme)


def with_data_sets(page):
    """Return the text of the page on data with all rows of its table of data sets updated."""
    from nnlab.cli.data import collections, download_size

    known = {}
    for collection in collections().values():
        known |= collection

    def update(row):
        name, what = row.groups()
        data = known.pop(name)
        shown = download_size(data) if data.files else "embedded"
        stand_in = f"`{data.stand_in}`" if data.stand_in else "–"
        return f"| `{name}` | {what} | {shown} | {data.license} | {stand_in} |"

    page = re.sub(DATA_ROW.pattern + ".*", update, page)
    if known:
        raise ValueError(f"{DATA_PAGE} has no row for {sorted(known)}: say what they are")
    return page


if __name__ == "__main__":
    for path, updated in [(ROOT / "README.md", with_results), (DATA_PAGE, with_data_sets)]:
        path.write_text(updated(path.read_text("utf-8")), encoding="utf-8")
