"""A network that tells classes apart, read from an ONNX file."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnxruntime


@dataclass(frozen=True, eq=False)
class Classifier:
    """A network that tells classes apart, read from an ONNX file.

    name: of the file, without its ending.
    image_shape: ``(height, width, channels)`` of the images that it takes.
    class_names: of its outputs, in order.
    """

    session: onnxruntime.InferenceSession
    name: str
    image_shape: tuple[int, int, int]
    class_names: tuple[str, ...]

    def __call__(self, images):
        """Return the probabilities of images, float32 ``(n, *image_shape)`` in 0..1: ``(n, k)``.

        Raises ValueError where they are not finite, as for pixels far from what was trained on.
        """
        (inputs,) = self.session.get_inputs()
        (probabilities,) = self.session.run(None, {inputs.name: images})
        if not np.isfinite(probabilities).all():
            raise ValueError(
                "the network finds no probabilities for these images, whose pixels reach from "
                f"{images.min():g} to {images.max():g}: scale them as in training, to 0..1"
            )
        return probabilities


def load_classifier(path, class_names=None):
    """Return the `Classifier` in an ONNX file. One thread computes an answer.

    path: of the file. Its network has one input, float32 ``(batch, height, width, channels)`` with
    1 or 3 channels, and one output, the probabilities of the classes, ``(batch, classes)``.
    class_names: as many different names as classes; by default their numbers.

    Raises ValueError for a file that is missing or of another kind, and for names that are not as
    many as the classes, or not different.
    """
    path = Path(path)
    if not path.is_file():
        raise ValueError(f"{path} is not a file: write one by model.export(path, format='onnx')")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    try:
        session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime has a class of its own for every kind of damage
        if "external data" in str(error).lower():
            raise ValueError(
                f"the weights of {path} lie in a second file: make one file of both by "
                f"onnx.save(onnx.load({str(path)!r}), 'whole.onnx')"
            ) from error
        raise ValueError(f"{path} holds no network that ONNX Runtime reads: {error}") from error
    inputs = session.get_inputs()
    image_shape = tuple(inputs[0].shape[1:]) if len(inputs) == 1 else ()
    fixed = len(image_shape) == 3 and all(isinstance(side, int) for side in image_shape)
    if not fixed or image_shape[2] not in (1, 3) or inputs[0].type != "tensor(float)":
        given = [f"{each.name}: {each.type} {each.shape}" for each in inputs]
        raise ValueError(
            f"{path} must take float32 images (batch, height, width, 1 or 3), it takes {given}"
        )
    count = inputs[0].shape[0]
    if isinstance(count, int):
        raise ValueError(f"{path} takes {count} at a time: export it for a batch of any size, None")
    blank = np.zeros((1, *image_shape), np.float32)
    try:
        outputs = session.run(None, {inputs[0].name: blank})
    except Exception as error:
        raise ValueError(f"{path} does not answer a black image: {error}") from error
    shapes = [each.shape for each in outputs]
    if len(shapes) != 1 or len(shapes[0]) != 2 or shapes[0][1] < 2:
        raise ValueError(
            f"{path} must answer (batch, classes), two classes or more; for one image it gives "
            f"{shapes}"
        )
    # Whole numbers in 8 bits sum to 1 only roughly.
    if outputs[0].min() < 0 or not np.isclose(outputs[0].sum(), 1, atol=0.05):
        raise ValueError(
            f"{path} answers {outputs[0].round(2).tolist()} for a black image, not "
            "probabilities that sum to 1: end the network with a softmax, then export it again"
        )
    count = outputs[0].shape[1]
    names = tuple(class_names or map(str, range(count)))
    if len(names) != count:
        raise ValueError(f"the network has {count} classes, but {len(names)} names were given")
    if len(set(names)) != count:
        raise ValueError(f"each class needs a name of its own, got {', '.join(names)}")
    return Classifier(session, path.stem, image_shape, names)
