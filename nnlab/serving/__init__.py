"""A network that answers over HTTP: images in, classes with their probabilities out.

The network is an ONNX file, which Keras' ``model.export(path, format="onnx")`` writes. Neither
Keras nor TensorFlow is loaded. Bad input is answered by a status from 400 to 499 and a sentence.
"""

from nnlab.serving.app import SETTINGS, app_from_environment, build_app
from nnlab.serving.classifier import Classifier, load_classifier
from nnlab.serving.inputs import decode_image, read_array

__all__ = [
    "SETTINGS",
    "Classifier",
    "app_from_environment",
    "build_app",
    "decode_image",
    "load_classifier",
    "read_array",
]
