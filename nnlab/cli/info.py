"""``nnlab info``: describe this machine."""

import typer

from nnlab.cli.data import data_where


def info():
    """Describe this machine: versions, devices, why no GPU is seen, folders of data."""
    import nnlab
    from nnlab.cli import _machine
    from nnlab.notebook import quiet_stderr

    def show(name, text):
        typer.echo(f"{name:11}{text}")

    show("nnlab", nnlab.__version__)
    for name, text in _machine.software():
        show(name, text)
    data_where()
    try:
        with quiet_stderr():
            from nnlab.training import best_precision

            found = [
                *_machine.hardware(),
                ("precision", f"{best_precision()} is fastest for large layers"),
            ]
    except (ImportError, OSError, ValueError, RuntimeError, AttributeError) as error:
        show("backend", f"cannot be loaded: {type(error).__name__}: {error}")
        raise typer.Exit(1) from error
    for name, text in found:
        show(name, text)
