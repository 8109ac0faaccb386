"""``nnlab info``: describe this machine."""

import typer

from nnlab.cli.data import data_where


def info():
    """Describe this machine: versions, devices, why no GPU is seen, folders of data."""
    import nnlab
    from nnlab.cli import _machine

    _show("nnlab", nnlab.__version__)
    for name, text in _machine.software():
        _show(name, text)
    data_where()
    try:
        facts = _facts_of_keras()
    except Exception as error:  # a backend may fail to load in every way there is
        _show("backend", f"cannot be loaded: {type(error).__name__}: {error}")
        raise typer.Exit(1) from error
    for name, text in facts:
        _show(name, text)


def _facts_of_keras():
    from nnlab.cli import _machine
    from nnlab.notebook import quiet_stderr

    with quiet_stderr():
        from nnlab.training import best_precision

        facts = list(_machine.hardware())
        facts.append(("precision", f"{best_precision()} is fastest for large layers"))
    return facts


def _show(name, text):
    typer.echo(f"{name:11}{text}")
