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
    metrics = {}
    for record in records:
        for name, value in _pairs(record.get("metrics", {})):
            text = f"{value:.4g}" if isinstance(value, float) else str(value)
            metrics[name.replace("_", " ")] = text
    return metrics


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
