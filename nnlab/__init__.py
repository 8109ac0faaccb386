"""A thin helper library beside notebooks that teach neural networks with Keras.

========================  ==========================================================
``nnlab.datasets``        ``load_*``: images and texts as NumPy arrays, with their source and licence
``nnlab.models``          ``build_*``: uncompiled Keras models
``nnlab.plotting``        ``plot_*``: draw on the Axes given, and return it
``nnlab.training``        seeds and the record of a run
``nnlab`` (the command)   ``run``, ``data``, ``copy`` and ``info``
========================  ==========================================================

Every public function but the loaders can be pasted into other code under its module's import lines;
``nnlab copy models.build_mlp`` prints it with just the imports it needs.
"""

__version__ = "0.1.0"
