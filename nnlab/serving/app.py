"""The server: a FastAPI application around a network."""

import asyncio
import json
import multiprocessing
import os
import signal
import threading

from fastapi import FastAPI, HTTPException, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    REGISTRY,
    CollectorRegistry,
    Counter,
    Histogram,
    generate_latest,
    multiprocess,
)
from starlette.requests import ClientDisconnect

from nnlab.serving.classifier import load_classifier
from nnlab.serving.inputs import decode_image, read_array

SETTINGS = "NNLAB_SERVE"  # the variable by which ``nnlab serve`` tells its processes what to serve
PICTURES = ("image/png", "image/jpeg")
KINDS = (*PICTURES, "application/json")  # of bodies
AT_ONCE = 4  # answers that a process computes at a time: each may decode a large picture

ANSWERS = Counter("nnlab_answers_total", "Answers of /predict", ["status"])
SECONDS = Histogram(
    "nnlab_predict_seconds",
    "From a whole request to its answer, in seconds",
    buckets=(0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5),
)


async def read_body(request, max_bytes):
    """Return the body of a request; raise an `HTTPException`, 413, as soon as it is too large."""
    length = request.headers.get("content-length", "")
    said = f"{int(length):,}" if length.isdecimal() else "more"
    too_large = HTTPException(
        413, f"the body may have {max_bytes:,} bytes, it has {said}: send a smaller picture"
    )
    if length.isdecimal() and int(length) > max_bytes:
        raise too_large
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > max_bytes:
            raise too_large
    return bytes(body)


def build_app(classifier, *, max_bytes=2_000_000, max_pixels=20_000_000, timeout=10.0):
    """Return a FastAPI application: ``POST /predict``, ``GET /health``, ``GET /metrics``.

    classifier: a `Classifier`, or another function of images with its attributes.
    max_bytes: of the body of a request.
    max_pixels: of a picture.
    timeout: seconds that a client has to send its request, and that it waits for its turn.
    """
    app = FastAPI(title=f"nnlab serves {classifier.name}", docs_url="/docs", redoc_url=None)
    turns = asyncio.Semaphore(AT_ONCE)

    def answer(kind, body):
        if kind in PICTURES:
            images = decode_image(body, classifier.image_shape, max_pixels)
        else:
            images = read_array(body, classifier.image_shape)
        predictions = []
        for row in classifier(images).tolist():
            probabilities = dict(zip(classifier.class_names, row, strict=True))
            best = max(probabilities, key=probabilities.get)
            predictions.append(
                {"class": best, "probability": max(row), "probabilities": probabilities}
            )
        return {"predictions": predictions}

    async def respond(request):
        kind = request.headers.get("content-type", "").split(";")[0].strip().lower()
        if kind not in KINDS:
            wanted = ", ".join(KINDS)
            raise HTTPException(415, f"the content type must be one of {wanted}; it is {kind!r}")
        if request.headers.get("content-encoding", "identity") != "identity":
            raise HTTPException(415, "the body is compressed: send it as it is")
        try:
            async with asyncio.timeout(timeout):
                body = await read_body(request, max_bytes)
        except TimeoutError as error:
            raise HTTPException(
                408, f"the body did not arrive within {timeout:g} seconds"
            ) from error
        try:
            async with asyncio.timeout(timeout):
                await turns.acquire()
        except TimeoutError as error:
            raise HTTPException(503, "the server is busy: try again later") from error
        try:
            with SECONDS.time():
                return await run_in_threadpool(answer, kind, body)
        except ValueError as error:
            raise HTTPException(422, str(error)) from error
        finally:
            turns.release()

    bodies = {kind: {"schema": {"type": "string", "format": "binary"}} for kind in PICTURES}
    bodies["application/json"] = {
        "schema": {"type": "object", "properties": {"images": {"type": "array"}}}
    }

    @app.post("/predict", openapi_extra={"requestBody": {"content": bodies, "required": True}})
    async def predict(request: Request):
        """Say which class each image is: a PNG, a JPEG, or JSON with arrays."""
        status = 500
        try:
            response = JSONResponse(await respond(request))
            status = 200
            return response
        except HTTPException as error:
            status = error.status_code
            raise
        except ClientDisconnect:
            status = 499  # nginx' number: the client went away, nobody is there to answer
            return Response(status_code=499)
        finally:
            ANSWERS.labels(str(status)).inc()

    @app.api_route("/health", methods=["GET", "HEAD"])
    async def health():
        """Say what is served."""
        return {
            "status": "ok",
            "model": classifier.name,
            "image_shape": classifier.image_shape,
            "class_names": classifier.class_names,
        }

    @app.get("/metrics")
    async def metrics():
        """Count answers and their time, of all processes together, in Prometheus' text format."""
        registry = REGISTRY
        if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
            registry = CollectorRegistry()
            multiprocess.MultiProcessCollector(registry)
        return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)

    return app


def end_with_parent():
    """End this process when the one that started it has ended, even by force."""
    parent = multiprocessing.parent_process()

    def follow():
        parent.join()
        os.kill(os.getpid(), signal.SIGTERM)

    if parent is not None:
        threading.Thread(target=follow, daemon=True).start()


def app_from_environment():
    """Return the application that ``nnlab serve`` asks its processes for."""
    end_with_parent()
    settings = json.loads(os.environ[SETTINGS])
    classifier = load_classifier(settings.pop("path"), settings.pop("class_names"))
    return build_app(classifier, **settings)
