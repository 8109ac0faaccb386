"""``nnlab serve``: a network that answers over HTTP."""

import json
import math
import os
import tempfile
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Annotated

import typer

from nnlab.cli._extras import needs_extra


def serve(
    model: Annotated[
        str, typer.Argument(help="An .onnx or .keras file, or the name of a trained network.")
    ],
    host: Annotated[str, typer.Option(help="0.0.0.0 lets other machines in.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535)] = 8000,
    processes: Annotated[
        int | None, typer.Option(min=1, help="How many answer.", show_default="one for each core")
    ] = None,
    class_names: Annotated[
        str | None, typer.Option(help="With commas between them.", show_default="0,1,2,…")
    ] = None,
    max_megabytes: Annotated[float, typer.Option(min=0.001, help="Of a request.")] = 2.0,
    timeout: Annotated[float, typer.Option(min=0.1, help="Seconds to send it.")] = 10.0,
):
    """Let a network answer over HTTP: nnlab serve mnist_cnn

    curl --data-binary @digit.png -H "Content-Type: image/png" localhost:8000/predict
    """
    names = class_names.split(",") if class_names else None
    with tempfile.TemporaryDirectory(prefix="nnlab-serve-") as folder:
        # all processes count together there; it must be known when the counters are made
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = folder
        with needs_extra("serve"):
            import uvicorn

            from nnlab import serving
        try:
            path = as_onnx(model, folder)
            classifier = serving.load_classifier(path, names)  # an error is said once, and here
        except ValueError as error:
            raise typer.BadParameter(str(error)) from error
        settings = {"path": str(path), "class_names": classifier.class_names}
        settings |= {"max_bytes": int(max_megabytes * 1e6), "timeout": timeout}
        os.environ[serving.SETTINGS] = json.dumps(settings)
        typer.echo(f"{classifier.name}: http://{host}:{port}/docs", err=True)
        uvicorn.run(
            "nnlab.serving:app_from_environment",
            factory=True,
            http="nnlab.serving.connection:Connection",
            host=host,
            port=port,
            workers=processes or os.cpu_count(),
            access_log=False,
            log_level="warning",
            limit_concurrency=512,  # connections of a process; more are answered by 503
            timeout_keep_alive=math.ceil(timeout),  # without a request
            timeout_graceful_shutdown=int(timeout) + 1,  # what has begun is answered
        )


def as_onnx(model, folder):
    """Return the path of a network in ONNX's format, written into the folder if need be."""
    if Path(model).suffix == ".onnx":
        return Path(model)
    # in a process of its own: the one that serves stays small, without Keras
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as process:
        return process.submit(write_onnx, model, folder).result()


def write_onnx(model, folder):
    """Write a .keras file, or a trained network, in ONNX's format; return the file's path."""
    from nnlab.notebook import quiet_stderr

    os.environ["KERAS_BACKEND"] = "tensorflow"  # on others, Keras exports by other packages
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    with quiet_stderr(), needs_extra("export"):
        import keras
        import tf2onnx  # noqa: F401, Keras exports with it
    if Path(model).suffix == ".keras":
        if not Path(model).is_file():
            raise ValueError(f"{model} is not a file")
        network = keras.models.load_model(model)
    else:
        from nnlab.trained import load_trained

        network = load_trained(model)
    if len(network.inputs) != 1:
        raise ValueError(f"{model} takes {len(network.inputs)} inputs, not images alone")
    path = Path(folder) / f"{Path(model).stem}.onnx"
    with quiet_stderr():
        network(keras.ops.zeros((1, *network.input_shape[1:])))  # what was never called, is refused
        network.export(path, format="onnx", verbose=False)
    return path
