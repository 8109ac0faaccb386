"""``nnlab launch``: train in several processes."""

from pathlib import Path
from typing import Annotated

import typer

from nnlab import launching


def launch(
    command: Annotated[list[str], typer.Argument(metavar="-- PROGRAM [ARGUMENT]...")],
    processes: Annotated[int, typer.Option(help="How many; with GPUs, one for each.")] = 1,
    restarts: Annotated[int, typer.Option(help="How often to start again after a failure.")] = 0,
    cores: Annotated[
        int | None, typer.Option(help="CPU cores to bind each process to.", show_default="all")
    ] = None,
    log_folder: Annotated[Path, typer.Option(help="Folder for a log of each process.")] = Path(
        "build/launch"
    ),
):
    """Train in several processes of this host: nnlab launch --processes 4 -- python train.py.

    If one of them fails, all are ended, and the exit status is 1.
    """
    try:
        launching.launch(
            command,
            processes=processes,
            restarts=restarts,
            cores=cores,
            log_folder=log_folder,
            report=typer.echo,
        )
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error
    except (RuntimeError, OSError) as error:
        typer.echo(error, err=True)
        raise typer.Exit(1) from error
    except KeyboardInterrupt as error:
        typer.echo("interrupted; all processes were ended", err=True)
        raise typer.Exit(130) from error
