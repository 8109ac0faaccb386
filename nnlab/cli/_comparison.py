"""What changed from an earlier run to this one: metrics, times, parameters, what failed."""

import json
from pathlib import Path
from typing import NamedTuple

from nnlab.cli._records import facts_of, number_of, numbers_of

ABSENT = "–"


class Change(NamedTuple):
    """A row of the table, as text; of the notebook "", the run as a whole."""

    notebook: str
    what: str
    before: str
    now: str
    change: str = ""


def read_run(path):
    """Return what a ``results.json`` holds.

    path: of the file, or of the folder that it lies in.

    Raises FileNotFoundError where there is none, ValueError for another file, or one that may not
    be read.
    """
    path = Path(path)
    file = path / "results.json" if path.is_dir() else path
    if not file.is_file():
        raise FileNotFoundError(f"no results to compare with at {path}: name a results.json")
    try:
        run = json.loads(file.read_text("utf-8"))
        for row in run["notebooks"]:
            row["name"], row["status"], row["records"], row["seconds"] + 0.0
        compare(run, run)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise ValueError(
            f"{file} is no results.json of nnlab run ({type(error).__name__}: {error}): "
            "name one, or the folder that a run has written"
        ) from error
    except OSError as error:
        raise ValueError(
            f"{file} cannot be read ({error.strerror}): name another results.json"
        ) from error
    return run


def compare(before, now):
    """Return a list of `Change` between two runs, as ``read_run`` returns them.

    Of each notebook that both have, the time is always there, and else what differs as it is
    shown; a notebook that only one of them has is one row.
    """
    changes = _different("", _facts(before), _facts(now))
    rows_before = {row["name"]: row for row in before["notebooks"]}
    rows_now = {row["name"]: row for row in now["notebooks"]}
    for name in rows_before | rows_now:
        old = rows_before.get(name)
        new = rows_now.get(name)
        if old is None or new is None:
            status = [each["status"] if each else "not run" for each in (old, new)]
            changes.append(Change(name, "status", *status))
            continue
        changes += _different(name, _traits(old), _traits(new))
        changes += _different(name, numbers_of(old["records"]), numbers_of(new["records"]))
        changes.append(_time(name, old["seconds"], new["seconds"]))
    return changes


def _facts(run):
    """Return name → text of what is the same for all notebooks of a run."""
    return {"mode": "quick" if run.get("quick") else "full", **facts_of(run["notebooks"])}


def _traits(row):
    """Return name → text of a notebook's run: whether it failed, its data, its parameters."""
    traits = {"status": row["status"]}
    if row.get("error"):
        traits["error"] = row["error"].splitlines()[0]
    datasets = [str(record["dataset"]) for record in row["records"] if "dataset" in record]
    if datasets:
        traits["data"] = ", ".join(dict.fromkeys(datasets))
    for name, value in (row.get("parameters") or {}).items():
        traits[f"-p {name}"] = str(value)
    return traits


def _different(notebook, before, now):
    """Return the changes between two dicts of texts or numbers, in order."""
    changes = []
    for what in before | now:
        old = before.get(what)
        new = now.get(what)
        texts = [ABSENT if each is None else number_of(each) for each in (old, new)]
        if texts[0] != texts[1]:
            changes.append(Change(notebook, what, *texts, _difference(old, new)))
    return changes


def _difference(old, new):
    if isinstance(old, int | float) and isinstance(new, int | float):
        return f"{new - old:+.2g}"
    return ""


def _time(name, old, new):
    change = f"{new / old - 1:+.0%}" if old else ""
    return Change(name, "time", f"{old:.1f} s", f"{new:.1f} s", change)
