"""Faults of Keras and TensorFlow, worked around here and nowhere else until they are fixed there.

Each function does nothing on a backend or version without the fault, and nothing when called a
second time. A test tries each fault without its workaround. Where that test fails, the installed
version has been fixed: delete the function.
"""

import random

import keras
from keras import layers, ops


def disable_autotune():
    """Turn off tf.data's autotuning for the data sets that Keras makes of arrays from now on.

    The thread that tunes looks at an iterator again after 10, 20, 40, … milliseconds, and can miss
    that it is deleted. Whoever deletes it, as ``fit``, ``evaluate`` and ``predict`` do at the end
    of an epoch, then waits for its next look: 2.6, 5.1, 10.2, … seconds after the epoch began. For
    data in memory there is nothing to tune. Needed by TensorFlow up to 2.21; other backends do not
    use tf.data. A data set of your own goes along if it is given ``tf.data.Options()``.

    Source: ``tf.data.experimental.AutotuneOptions``, whose ``enabled`` is what is set here. The
    fault is not reported yet.
    """
    if keras.backend.backend() != "tensorflow":
        return
    import tensorflow

    version = tuple(map(int, tensorflow.__version__.split(".")[:2]))
    options = tensorflow.data.experimental.AutotuneOptions
    make = options.__init__
    if version > (2, 21) or make.__name__ == "make_disabled":
        return

    def make_disabled(self):
        make(self)
        self.enabled = False

    options.__init__ = make_disabled


def reshuffle_each_epoch():
    """Let ``fit(x, y, shuffle=True)`` take arrays in a new order in each epoch on TensorFlow, too.

    Once a seed is set, Keras up to 3.15 takes the same order in all epochs there: it shuffles
    inside a tf.data map, whose random operations start again whenever the data set is read again.
    Here the order depends on numbers that Python's own generator, which `set_seed` seeds, draws
    before each epoch. Other backends do not need it.

    Source: https://github.com/tensorflow/tensorflow/issues/35682. For ``fit`` the fault is not
    reported yet.
    """
    version = tuple(map(int, keras.__version__.split(".")[:2]))
    if keras.backend.backend() != "tensorflow" or version > (3, 15):
        return
    import tensorflow
    from keras.src.trainers.data_adapters import array_data_adapter  # it has no public name

    adapters = array_data_adapter.ArrayDataAdapter
    make = adapters.get_tf_dataset
    if make.__name__ == "make_reshuffled":
        return

    def make_reshuffled(adapter):
        with tensorflow.device("CPU:0"):  # where tf.data runs
            adapter.order = tensorflow.Variable([0, 0], dtype="int64", trainable=False)
        usual = tensorflow.random.shuffle
        stateless = tensorflow.random.experimental.stateless_shuffle
        tensorflow.random.shuffle = lambda indices: stateless(indices, seed=adapter.order)
        try:
            return make(adapter)
        finally:
            tensorflow.random.shuffle = usual

    def draw_order(adapter):  # Keras calls it at the beginning of each epoch
        if adapter._shuffle:
            adapter.order.assign([random.getrandbits(31), random.getrandbits(31)])

    adapters.get_tf_dataset = make_reshuffled
    adapters.on_epoch_begin = draw_order


def build_before_tracing():
    """Let ``fit`` trace a training step once on TensorFlow, where Keras lets it be traced twice.

    Keras up to 3.15 makes the variables of optimizer and metrics in the first step there, and a
    function that makes variables is traced again without them. Where many small networks are
    trained, that is a good part of the time. Here the variables are made beforehand, as Keras does
    on other backends. A model with a ``train_step`` of its own is left alone, and so is one that is
    not built yet, and data of any other kind than tensors.

    Source: https://github.com/tensorflow/tensorflow/issues/48851. For ``fit`` the fault is not
    reported yet.
    """
    version = tuple(map(int, keras.__version__.split(".")[:2]))
    if keras.backend.backend() != "tensorflow" or version > (3, 15):
        return
    import tensorflow
    from keras.src.backend.tensorflow.trainer import TensorFlowTrainer  # it has no public name

    usual = TensorFlowTrainer._maybe_symbolic_build
    if usual.__name__ == "build_first":
        return

    def build_first(model, iterator=None, data_batch=None):
        usual(model, iterator, data_batch)
        own_step = type(model).train_step is not TensorFlowTrainer.train_step
        if iterator is None or own_step or not model.built:
            return
        batch = iterator._distributed_dataset.element_spec
        kinds = {type(spec) for spec in tensorflow.nest.flatten(batch)}
        if kinds == {tensorflow.TensorSpec}:
            model._symbolic_build(data_batch=batch)

    TensorFlowTrainer._maybe_symbolic_build = build_first


def keep_recurrent_state():
    """Let stateful recurrent layers keep their state on JAX and PyTorch as on TensorFlow.

    JAX hands on from batch to batch only what a layer lists among its variables, and Keras does not
    list recurrent states: each batch starts from zeros. On PyTorch, Keras up to 3.15 overwrites the
    state in which a batch began while the gradients still need it: training LSTM and GRU fails with
    "modified by an inplace operation".

    Source: for PyTorch https://github.com/keras-team/keras/issues/23462, which
    https://github.com/keras-team/keras/pull/23464 fixes after Keras 3.15.1. For JAX the fault is
    not reported yet.
    """
    backend = keras.backend.backend()
    version = tuple(map(int, keras.__version__.split(".")[:2]))
    listed = layers.RNN.variables.fget

    def list_with_states(layer):
        variables = listed(layer)
        known = {
            id(variable) for variable in variables
        }  # a fixed Keras would list the states itself
        states = keras.tree.flatten(layer.states or [])
        return variables + [state for state in states if id(state) not in known]

    def on_copies(inner_loop):
        def run_on_copies(layer, sequences, initial_state, *args, **kwargs):
            copies = keras.tree.map_structure(ops.copy, initial_state)
            return inner_loop(layer, sequences, copies, *args, **kwargs)

        return run_on_copies

    if backend == "jax" and listed.__name__ != "list_with_states":
        layers.RNN.variables = property(list_with_states)
    fresh = layers.LSTM.inner_loop.__name__ != "run_on_copies"
    if backend == "torch" and version <= (3, 15) and fresh:
        layers.LSTM.inner_loop = on_copies(layers.LSTM.inner_loop)
        layers.GRU.inner_loop = on_copies(layers.GRU.inner_loop)  # SimpleRNN copies by itself


def copy_averaged_weights():
    """Let averaged weights (``use_ema=True``) outlive a ``predict`` on the JAX backend.

    Up to Keras 3.15 a weight and its average share one buffer at the end of ``fit``, and, with the
    callback ``SwapEMAWeights``, of its last epoch. ``predict`` gives the weight's buffer to JAX for
    reuse, and the average is gone: "Buffer has been deleted or donated". Here each gets its own.
    Other backends do not need it.

    Source: ``jax.jit``, ``donate_argnums``. The fault is not reported yet.
    """
    version = tuple(map(int, keras.__version__.split(".")[:2]))
    swap = keras.callbacks.SwapEMAWeights
    if keras.backend.backend() != "jax" or version > (3, 15):
        return
    if swap._backend_finalize_ema_values.__name__ == "finalize_by_copies":
        return

    def finalize_by_copies(callback, optimizer):
        averages = optimizer._model_variables_moving_average
        for variable, average in zip(optimizer._trainable_variables, averages, strict=True):
            average.assign(ops.copy(variable.value))

    overwrite = keras.optimizers.Optimizer._overwrite_model_variables_with_average_value

    def overwrite_by_copies(optimizer, trainable_variables):
        overwrite(optimizer, trainable_variables)
        for variable in trainable_variables:
            variable.assign(ops.copy(variable.value))

    swap._backend_finalize_ema_values = finalize_by_copies
    optimizers = keras.optimizers.Optimizer
    optimizers._overwrite_model_variables_with_average_value = overwrite_by_copies


def spare_cudnn_16_bits():
    """Let LSTM layers compute in bfloat16 or float16 on a GPU on the JAX backend.

    Keras up to 3.15 hands every LSTM there to JAX's binding of cuDNN, which takes float32 and
    float64 only: "Unknown output type bfloat16". Here 16-bit layers take Keras' own loop, as on a
    CPU. Other backends do not need it.

    Source: https://github.com/keras-team/keras/pull/22399, which brought cuDNN. The fault is not
    reported yet.
    """
    version = tuple(map(int, keras.__version__.split(".")[:2]))
    usual = layers.LSTM.inner_loop
    if keras.backend.backend() != "jax" or version > (3, 15):
        return
    if usual.__name__ == "spare_cudnn":
        return

    def spare_cudnn(layer, *args, **kwargs):
        if layer.compute_dtype not in ("float32", "float64"):
            layer.use_cudnn = False
        return usual(layer, *args, **kwargs)

    layers.LSTM.inner_loop = spare_cudnn


def compile_augmentation():
    """Let JAX compile the training of networks that turn, shift, zoom or shear their images.

    Keras up to 3.15 takes such a network for one that cannot be compiled, as TensorFlow's XLA lacks
    an operation. JAX has it. What is not compiled there runs operation by operation: a GPU then
    waits for Python most of the time. Other backends do not need it.

    Source: https://github.com/keras-team/keras/issues/23229, which finds it that slow on a TPU.
    """
    version = tuple(map(int, keras.__version__.split(".")[:2]))
    if keras.backend.backend() != "jax" or version > (3, 15):
        return
    from keras.src.trainers import trainer  # it has no public name

    if trainer.model_supports_jit.__name__ == "can_be_compiled":
        return
    names = ("RandomRotation", "RandomTranslation", "RandomZoom", "RandomShear")
    augmentation = tuple(getattr(layers, name) for name in names)

    def can_be_compiled(model):
        others = (layer for layer in model._flatten_layers() if not isinstance(layer, augmentation))
        return all(layer.supports_jit for layer in others)

    trainer.model_supports_jit = can_be_compiled
