"""Write the table of results in README.md anew, from the records that the notebooks store.

    python docs/results.py            # results and times of the stored full runs
    python docs/results.py build/run  # also the times of a quick run, if it is there

The first two columns, what a notebook is and teaches, are written by hand and stay.
"""

import json
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
RECORD = "application/vnd.nnlab.record+json"
ROW = re.compile(r"\| (\[.*\]\(notebooks/(\w+)\.ipynb\)) \| (.*?) \| .* \| .* \| (.*?) \|")


def record_of(path):
    """Return the run record that a notebook stores, a dict."""
    for cell in json.loads(path.read_text("utf-8"))["cells"]:
        for output in cell.get("outputs", []):
            if RECORD in output.get("data", {}):
                return output["data"][RECORD]
    raise ValueError(f"{path} stores no run record: run it in full, by `make notebooks`")


def duration(seconds):
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"


def with_results(readme, quick_seconds):
    """Return the text of the README with all rows of its table anew.

    quick_seconds: name of a notebook → seconds of its quick run; others keep what is there.
    """
    lines = []
    for line in readme.splitlines(keepends=True):
        if row := ROW.match(line):
            link, name, lesson, quick = row.groups()
            record = record_of(ROOT / "notebooks" / f"{name}.ipynb")
            shown = [f"{each['name']} {each['value']:.4g}" for each in record["metrics"]]
            if name in quick_seconds:
                quick = duration(quick_seconds[name])
            cells = [link, lesson, "; ".join(shown), duration(record["seconds"]), quick]
            line = f"| {' | '.join(cells)} |\n"
        lines.append(line)
    return "".join(lines)


if __name__ == "__main__":
    quick_seconds = {}
    for path in [Path(folder, "results.json") for folder in sys.argv[1:]]:
        results = json.loads(path.read_text("utf-8")) if path.exists() else {"notebooks": []}
        quick_seconds |= {each["name"]: each["seconds"] for each in results["notebooks"]}
    readme = ROOT / "README.md"
    readme.write_text(with_results(readme.read_text("utf-8"), quick_seconds), encoding="utf-8")
