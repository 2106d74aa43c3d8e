"""all-MiniLM-L6-v2 in NumPy: six layers of BERT, 384 wide, and means over a text's pieces.

The texts of a batch stand one after the other in one table of pieces, so that nothing is padded;
only attention looks at each text alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Floats: TypeAlias = npt.NDArray[np.float32]

LAYERS = 6
HEADS = 12
READ = (0, 3, 6)
"""After how many layers a text's pieces are averaged: words alone, then words in their text."""
EPSILON = np.float32(1e-12)


class Encoder:
    """The model's weights, under the names that its file has, laid out for ``x @ weight``."""

    def __init__(self, tensors: Mapping[str, Floats], layers: int = LAYERS) -> None:
        self._words = tensors["embeddings.word_embeddings.weight"]
        kinds = tensors["embeddings.token_type_embeddings.weight"]
        self._places = tensors["embeddings.position_embeddings.weight"] + kinds[0]
        self._norm = Norm(tensors, "embeddings.LayerNorm")
        self._layers = [Layer(tensors, f"encoder.layer.{i}") for i in range(layers)]

    def encode(self, texts: Sequence[Sequence[int]]) -> Floats:
        """Return (n, width x READ): the means over each text's pieces, one beside the other."""
        ends = ends_of(texts)
        states = self.states(texts)
        return np.concatenate([means(states[depth], ends) for depth in READ], axis=1)

    def states(self, texts: Sequence[Sequence[int]]) -> list[Floats]:
        """Return what all pieces of all texts are after 0, 1, 2 … layers, (pieces, width) each."""
        ends = ends_of(texts)
        pieces = np.concatenate([np.asarray(text) for text in texts])
        places = np.concatenate([np.arange(len(text)) for text in texts])
        states = [self._norm(self._words[pieces] + self._places[places])]
        for layer in self._layers:
            states.append(layer(states[-1], ends))
        return states


def ends_of(texts: Sequence[Sequence[int]]) -> npt.NDArray[np.int64]:
    """Return where each text begins in the table of all pieces, and where the last ends."""
    return np.cumsum([0, *map(len, texts)])


def means(state: Floats, ends: npt.NDArray[np.int64]) -> Floats:
    """Return (n, width): the mean over each text's pieces."""
    made: Floats = np.add.reduceat(state, ends[:-1]) / np.diff(ends).astype(np.float32)[:, None]
    return made


class Norm:
    """Mean 0 and variance 1 over the width, then a scale and a shift."""

    def __init__(self, tensors: Mapping[str, Floats], name: str) -> None:
        self._scale = tensors[f"{name}.weight"]
        self._shift = tensors[f"{name}.bias"]

    def __call__(self, x: Floats) -> Floats:
        """Return a new table."""
        x = x - x.mean(axis=1, keepdims=True)
        variance = np.einsum("ij,ij->i", x, x)[:, None] / np.float32(x.shape[1])
        x *= 1 / np.sqrt(variance + EPSILON)
        x *= self._scale
        x += self._shift
        return x


class Linear:
    """A table of weights and a shift."""

    def __init__(self, tensors: Mapping[str, Floats], *names: str) -> None:
        """Set the named layers side by side."""
        self._weight = np.concatenate([tensors[f"{name}.weight"] for name in names]).T
        self._shift = np.concatenate([tensors[f"{name}.bias"] for name in names])

    def __call__(self, x: Floats) -> Floats:
        """Return a new table."""
        x = x @ self._weight
        x += self._shift
        return x


class Layer:
    """Attention and a feed-forward part, each added to what went in."""

    def __init__(self, tensors: Mapping[str, Floats], name: str) -> None:
        attention = f"{name}.attention"
        self._query_key_value = Linear(
            tensors, f"{attention}.self.query", f"{attention}.self.key", f"{attention}.self.value"
        )
        self._attended = Linear(tensors, f"{attention}.output.dense")
        self._attended_norm = Norm(tensors, f"{attention}.output.LayerNorm")
        self._wide = Linear(tensors, f"{name}.intermediate.dense")
        self._narrow = Linear(tensors, f"{name}.output.dense")
        self._norm = Norm(tensors, f"{name}.output.LayerNorm")

    def __call__(self, x: Floats, ends: npt.NDArray[np.int64]) -> Floats:
        """Return (pieces, width); ``ends`` says where each text begins, and where the last ends."""
        mixed = self._query_key_value(x)
        context = np.empty_like(x)
        for begin, end in pairwise(ends.tolist()):
            context[begin:end] = attend(mixed[begin:end])
        x = self._attended_norm(x + self._attended(context))
        return self._norm(x + self._narrow(gelu(self._wide(x))))


def attend(mixed: Floats) -> Floats:
    """Return (pieces, width) for one text's queries, keys and values, side by side."""
    pieces, width = len(mixed), mixed.shape[1] // 3
    queries, keys, values = mixed.reshape(pieces, 3, HEADS, width // HEADS).transpose(1, 2, 0, 3)
    weights = queries @ keys.transpose(0, 2, 1)
    weights *= np.float32((width // HEADS) ** -0.5)
    weights -= weights.max(axis=2, keepdims=True)
    np.exp(weights, out=weights)
    weights /= weights.sum(axis=2, keepdims=True)
    attended: Floats = (weights @ values).transpose(1, 0, 2).reshape(pieces, width)
    return attended


def gelu(x: Floats) -> Floats:
    """Return x times the normal distribution's function of x, by its approximation with tanh."""
    inner = x * x
    inner *= np.float32(0.044715)
    inner += 1
    inner *= x
    inner *= np.float32((2 / np.pi) ** 0.5)
    np.tanh(inner, out=inner)
    inner += 1
    inner *= x
    inner *= np.float32(0.5)
    return inner
