"""What an answer of a network depends on."""

import keras
import numpy as np


def input_gradient(model, inputs, labels):
    """Return the gradient of one output for each input, with respect to that input: an array.

    Number i is how fast ``model(inputs)[i, labels[i]]`` changes with each value of ``inputs[i]``.
    The model is asked as in prediction (``training=False``), all inputs at once: of many or large
    ones, pass some at a time. Works with TensorFlow, JAX and PyTorch.

    model: a Keras model that makes ``(n, num_outputs)`` of its inputs. Of a classifier, let it end
    in logits: where a probability is close to 1, its gradient is close to 0, whatever counts.
    inputs: ``(n, …)`` as the model reads them; they become float32. Integers, such as the ids of
        words, have no gradient.
    labels: which output, integers ``(n,)`` in 0..num_outputs - 1.

    Raises ValueError for a model that reads integers, for labels and outputs of another shape, and
    for labels outside their range.

    Source: Simonyan, Vedaldi and Zisserman, "Deep Inside Convolutional Networks: Visualising Image
    Classification Models and Saliency Maps" (2014).
    """
    for each in getattr(model, "inputs", None) or []:
        if "int" in keras.backend.standardize_dtype(each.dtype):
            raise ValueError(
                f"model must read floats, got one that reads {each.dtype}: integers have no "
                "gradient. For words, ask the part of the model that follows the embedding"
            )
    inputs = np.asarray(inputs, np.float32)
    labels = np.asarray(labels)
    if labels.shape != inputs.shape[:1]:
        raise ValueError(
            f"expected one label per input, got labels {labels.shape} for inputs {inputs.shape}: "
            "pass a single one as inputs[None], [label]"
        )

    def total(values):
        outputs = model(values, training=False)
        if len(outputs.shape) != 2:
            raise ValueError(
                f"model must make (n, num_outputs), got {tuple(outputs.shape)}: "
                "let it end in a dense layer, or flatten what it makes"
            )
        num_outputs = outputs.shape[1]
        unknown = sorted(set(labels.tolist()) - set(range(num_outputs)), key=str)[:3]
        if unknown:
            raise ValueError(
                f"labels must hold integers in 0..{num_outputs - 1}, got {unknown}: count from 0"
            )
        chosen = keras.ops.one_hot(labels.astype(int), num_outputs)  # (n, num_outputs)
        # An output depends on its own input only: one gradient of the sum is that of each.
        return keras.ops.sum(keras.ops.cast(outputs, "float32") * chosen)

    backend = keras.backend.backend()
    if backend == "tensorflow":
        import tensorflow

        values = tensorflow.convert_to_tensor(inputs)
        with tensorflow.GradientTape() as tape:
            tape.watch(values)
            output = total(values)
        gradient = tape.gradient(output, values)
    elif backend == "jax":
        import jax

        gradient = jax.grad(total)(inputs)
    else:
        import torch

        values = keras.ops.convert_to_tensor(inputs).requires_grad_()
        [gradient] = torch.autograd.grad(total(values), values)
    return keras.ops.convert_to_numpy(gradient)
