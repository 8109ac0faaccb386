"""Run records: what a notebook displays of its results, for programs to read."""

RECORD = "application/vnd.nnlab.record+json"


def records_of(notebook):
    """Return what the cells of a notebook displayed as a run record and is of a record's shape."""
    records = []
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            record = output.get("data", {}).get(RECORD)
            if _is_record(record):
                records.append(record)
    return records


def metrics_of(records):
    """Return the metrics of records as a dict, name → number as text, in the order they were given.

    This is where a metric gets its four digits, for the terminal and for the gallery.
    """
    return {name: number_of(value) for name, value in numbers_of(records).items()}


def numbers_of(records):
    """Return the metrics of records as a dict, name → value, in the order they were given."""
    numbers = {}
    for record in records:
        for name, value in _pairs(record.get("metrics", {})):
            numbers[name.replace("_", " ")] = value
    return numbers


def number_of(value):
    """Return a metric's value as text."""
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def facts_of(results):
    """Return name → text: device and versions in all records, as they first appear.

    results: the rows of ``results.json``.
    """
    facts = {}
    for result in results:
        for record in result["records"]:
            named = {"device": record.get("device"), **record.get("versions", {})}
            for name, value in named.items():
                values = facts.setdefault(name, [])
                if value and value not in values:
                    values.append(value)
    return {name: "; ".join(map(str, values)) for name, values in facts.items() if values}


def _is_record(record):
    if not isinstance(record, dict) or not isinstance(record.get("versions", {}), dict):
        return False
    metrics = record.get("metrics", {})
    if isinstance(metrics, list):
        return all(_is_metric(metric) for metric in metrics)
    return isinstance(metrics, dict)


def _is_metric(metric):
    return isinstance(metric, dict) and isinstance(metric.get("name"), str) and "value" in metric


def _pairs(metrics):
    """Return (name, value) pairs; of earlier notebooks, a record held a dict instead of a list."""
    if isinstance(metrics, dict):
        return list(metrics.items())
    return [(metric["name"], metric["value"]) for metric in metrics]
