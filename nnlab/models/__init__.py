"""Builders of uncompiled Keras models."""

from nnlab.models.mlp import build_mlp

__all__ = ["build_mlp"]
