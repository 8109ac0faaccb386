"""``nnlab launch``: train in several processes."""

from pathlib import Path
from typing import Annotated

import typer

from nnlab import launching


def launch(
    command: Annotated[list[str], typer.Argument(metavar="-- PROGRAM [ARGUMENT]...")],
    processes: Annotated[
        int, typer.Option(help="On this host, as on every other; with GPUs, one for each.")
    ] = 1,
    hosts: Annotated[int, typer.Option(help="How many hosts take part.")] = 1,
    host_index: Annotated[int, typer.Option(help="Which of them this is, from 0.")] = 0,
    coordinator: Annotated[
        str, typer.Option(metavar="HOST:PORT", help="Of host 0; needed for several hosts.")
    ] = "",
    restarts: Annotated[int, typer.Option(help="How often to start anew after a failure.")] = 0,
    cores: Annotated[
        int | None, typer.Option(help="CPU cores to bind each process to.", show_default="all")
    ] = None,
    log_folder: Annotated[Path, typer.Option(help="Folder for a log of each process.")] = Path(
        "build/launch"
    ),
):
    """Train in several processes: nnlab launch --processes 4 -- python train.py; exit 1 if one of them fails."""
    try:
        launching.launch(
            command,
            processes=processes,
            hosts=hosts,
            host_index=host_index,
            coordinator=coordinator,
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
