"""``nnlab serve``: a network that answers over HTTP."""

import json
import math
import multiprocessing
import os
import shutil
import signal
import socket
import sys
import tempfile
import threading
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import Annotated

import typer

from nnlab.cli._extras import needs_extra


def serve(
    model: Annotated[
        str, typer.Argument(help="An .onnx or .keras file, or the name of a trained network.")
    ],
    host: Annotated[str, typer.Option(help="0.0.0.0 lets other machines in.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0: one that is free.")] = 8000,
    processes: Annotated[
        int | None, typer.Option(min=1, help="How many answer.", show_default="one for each core")
    ] = None,
    class_names: Annotated[
        str | None, typer.Option(help="With commas between them.", show_default="0,1,2,…")
    ] = None,
    max_megabytes: Annotated[float, typer.Option(min=0.001, max=1000, help="Of a request.")] = 2.0,
    timeout: Annotated[float, typer.Option(min=0.1, max=3600, help="Seconds for one.")] = 10.0,
):
    """Let a network answer over HTTP: nnlab serve mnist_cnn

    curl --data-binary @digit.png -H "Content-Type: image/png" localhost:8000/predict
    """
    signal.signal(signal.SIGTERM, end)
    take_hangup_for_sigterm()
    names = [name.strip() for name in class_names.split(",")] if class_names else None
    if names and any(not name.isprintable() for name in names):  # bytes of another encoding, too
        raise typer.BadParameter(f"class names must be text, got {names!r}")
    port = free_port(host, port)
    # Windows removes no file that a process still reads.
    with tempfile.TemporaryDirectory(prefix="nnlab-serve-", ignore_cleanup_errors=True) as folder:
        # all processes count together there; it must be known when the counters are made
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = folder
        with needs_extra("serve"):
            import uvicorn

            from nnlab import serving
            from nnlab.cli import _machine
        try:
            path = as_onnx(model, folder)
            classifier = serving.load_classifier(path, names)  # an error is said once, and here
        except ValueError as error:
            message = str(error).replace(str(Path(folder) / f"{Path(model).stem}.onnx"), model)
            raise typer.BadParameter(message) from error
        settings = {"path": str(path), "class_names": classifier.class_names}
        settings |= {"max_bytes": int(max_megabytes * 1e6), "timeout": timeout}
        os.environ[serving.SETTINGS] = json.dumps(settings)
        shown = f"[{host}]" if ":" in host else host
        address = f"http://{shown}:{port}"
        picture = '--data-binary @picture.png -H "Content-Type: image/png"'
        typer.echo(f"{classifier.name}: {address}/health, {address}/docs", err=True)
        typer.echo(f"curl {picture} {address}/predict", err=True)
        uvicorn.run(
            "nnlab.serving:app_from_environment",
            factory=True,
            http="nnlab.serving.connection:Connection",
            host=host,
            port=port,
            workers=processes or _machine.usable_cores(),
            access_log=False,
            log_level="warning",
            limit_concurrency=512,  # connections of a process; more are answered by 503
            timeout_keep_alive=math.ceil(timeout),  # without a request
            timeout_graceful_shutdown=int(timeout) + 1,  # what has begun is answered
        )


def end(*_):
    """End at once, and with status 143: what this process has started, too."""
    for child in multiprocessing.active_children():
        child.kill()
    sys.exit(128 + signal.SIGTERM)


def take_hangup_for_sigterm():
    """Let a closed terminal end this process as SIGTERM does, unless it was started by nohup.

    SIGHUP is kept from uvicorn, which starts its processes anew on it, or is killed by it, and from
    those processes, so that they answer what has begun.
    """
    if not hasattr(signal, "SIGHUP"):  # Windows
        return

    def wait():
        signal.sigwait({signal.SIGHUP})
        signal.pthread_kill(threading.main_thread().ident, signal.SIGTERM)

    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGHUP})
    if signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:  # as nohup sets it
        threading.Thread(target=wait, daemon=True).start()


def free_port(host, port):
    """Return the port, or one that is free for 0; raise `typer.BadParameter` if it is taken."""
    if not host.strip():
        raise typer.BadParameter(
            "--host is empty, which would let every machine in: name 127.0.0.1, or 0.0.0.0 if that "
            "is meant"
        )
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as listener:
        if os.name == "posix":  # elsewhere it would share a port that is taken
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, port))
        except OSError as error:
            raise typer.BadParameter(
                f"{host}, port {port}, cannot be listened to ({error.strerror}): choose another "
                "--port or --host"
            ) from error
        return listener.getsockname()[1]


def as_onnx(model, folder):
    """Return the path of a network in ONNX's format in the folder, where nobody changes it later.

    Raises ValueError for what is no network that can be served.
    """
    if Path(model).suffix == ".onnx":
        if not Path(model).is_file():
            raise ValueError(f"{model} is not a file: write one by model.export({model!r}, 'onnx')")
        try:
            return shutil.copy(model, Path(folder) / Path(model).name)
        except OSError as error:
            raise ValueError(
                f"{model} cannot be copied to {folder} ({error.strerror}): it must be a file that "
                "you may read, and fit in there"
            ) from error
    # in a process of its own: the one that serves stays small, without Keras
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=spawn) as process:
        try:
            return process.submit(write_onnx, model, folder).result()
        except BrokenProcessPool as error:
            raise ValueError(
                f"the process that exports {model} to ONNX was ended, perhaps for want of memory: "
                "export it where there is more, then serve the .onnx file"
            ) from error


def write_onnx(model, folder):
    """Write a .keras file, or a trained network, in ONNX's format; return the file's path."""
    from nnlab.notebook import quiet_stderr

    os.environ["KERAS_BACKEND"] = "tensorflow"  # on others, Keras exports by other packages
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    with quiet_stderr(), needs_extra("export"):
        import keras
        import tf2onnx  # noqa: F401, Keras exports with it
    if Path(model).suffix == ".keras":
        network = read_keras(model)
    else:
        from nnlab.trained import load_trained

        network = load_trained(model)
    if len(network.inputs) != 1:
        raise ValueError(f"{model} takes {len(network.inputs)} inputs, not images alone")
    shape = network.input_shape
    if len(shape) != 4 or None in shape[1:]:
        raise ValueError(f"{model} takes {shape}: images must have fixed sides, and channels")
    path = Path(folder) / f"{Path(model).stem}.onnx"
    try:
        with quiet_stderr():
            network(keras.ops.zeros((1, *shape[1:])))  # what was never called, is refused
            network.export(path, format="onnx", verbose=False)
    except Exception as error:  # of many kinds
        raise ValueError(
            f"{model} cannot be exported to ONNX ({first_line(error)}): where a layer has no "
            "counterpart there, serve a network without it"
        ) from error
    return path


def read_keras(path):
    """Return the network in a .keras file, built; raise ValueError where there is none."""
    import keras

    if not Path(path).is_file():
        raise ValueError(f"{path} is not a file")
    try:
        network = keras.models.load_model(path)
    except Exception as error:  # of many kinds
        raise ValueError(
            f"Keras cannot read {path}: it is damaged, or has layers of your own, then export it "
            f"to ONNX where they are defined ({first_line(error)})"
        ) from error
    if not network.built:
        raise ValueError(f"{path} was saved before it was called: call it once, and save it again")
    return network


def first_line(error):
    """Return what an error says first, or its kind where it says nothing."""
    return (str(error).splitlines() or [type(error).__name__])[0][:200]
