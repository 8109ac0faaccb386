"""The server that notebook 60 replaces: Keras answers in the process that listens.

The Keras blog's program (A. Rosebrock, "Building a simple Keras + deep learning REST API", 2018,
https://blog.keras.io/building-a-simple-keras-deep-learning-rest-api.html: one network loaded at the
start, ``model.predict`` for each picture that comes), with FastAPI in Flask's place.
"""

import io

import numpy as np
from fastapi import FastAPI, Request
from PIL import Image

from nnlab.trained import load_trained

app = FastAPI()
model = load_trained("mnist_cnn")
model.predict(np.zeros((1, 28, 28, 1), np.float32), verbose=0)  # compiled before the first client


@app.post("/predict")
async def predict(request: Request):
    image = Image.open(io.BytesIO(await request.body()))
    pixels = np.asarray(image, np.float32).reshape(1, 28, 28, 1) / 255
    [row] = model.predict(pixels, verbose=0).tolist()
    probabilities = dict(zip("0123456789", row, strict=True))
    return {"predictions": [{"class": str(np.argmax(row)), "probabilities": probabilities}]}
