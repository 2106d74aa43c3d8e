"""Adapt the upper layers of the encoder to the task: a low-rank change of each of their tables.

Only the changes are stored (0.3 MB), and added to the tables when the model is loaded, so that an
adapted model costs what the model itself does. The lower layers are run once and kept.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from encoder import HEADS, LAYERS
from torch import Tensor, nn
from torch.nn import functional

FROZEN = 3
"""Layers that stay as they are."""
RANK = 8
SCALE = 2.0
LABELS = 8
WIDTH = 384
DROPPED = 0.1
EPOCHS = 6
BATCH = 32
LEARNING_RATE = 1e-3
SMOOTHING = 0.1
"""Part of each label that is spread over all labels: some are wrong."""
TABLES = (
    "attention.self.query", "attention.self.key", "attention.self.value",
    "attention.output.dense", "intermediate.dense", "output.dense",
)  # fmt: skip


class Adapted(nn.Module):
    """A table that stays, and a change of low rank that is learnt."""

    def __init__(self, weight: Tensor, shift: Tensor) -> None:
        super().__init__()
        self.register_buffer("weight", weight)
        self.register_buffer("shift", shift)
        self.down = nn.Parameter(torch.randn(RANK, weight.shape[1]) / WIDTH**0.5)
        self.up = nn.Parameter(torch.zeros(weight.shape[0], RANK))

    def forward(self, x: Tensor) -> Tensor:
        """Return x times the changed table."""
        changed = functional.linear(functional.linear(x, self.down), self.up) * SCALE
        made: Tensor = functional.linear(x, self.weight, self.shift) + changed
        return made

    def change(self) -> tuple[Tensor, Tensor]:
        """Return (up, down), whose product is added to the table."""
        return self.up.detach() * SCALE, self.down.detach()


class Upper(nn.Module):
    """The layers that are adapted, and the head over what is read of all layers."""

    def __init__(self, tensors: Mapping[str, npt.NDArray[Any]]) -> None:
        super().__init__()
        self._fixed = {name: torch.tensor(value) for name, value in tensors.items()}
        self.tables = nn.ModuleDict({
            name.replace(".", "/"): Adapted(
                self._fixed[f"{name}.weight"], self._fixed[f"{name}.bias"]
            )
            for depth in range(FROZEN, LAYERS)
            for name in (f"encoder.layer.{depth}.{table}" for table in TABLES)
        })  # fmt: skip
        self.head = nn.Linear(3 * WIDTH, LABELS)
        self.drop = nn.Dropout(DROPPED)

    def forward(self, x: Tensor, is_there: Tensor, lower: Tensor) -> Tensor:
        """Take states (n, pieces, width), which of them there are, and the lower layers' means."""
        for depth in range(FROZEN, LAYERS):
            x = self._layer(x, is_there, f"encoder.layer.{depth}")
        weights = is_there.float()[:, :, None]
        mean = (x * weights).sum(1) / weights.sum(1)
        scores: Tensor = self.head(self.drop(torch.cat([lower, mean], 1)))
        return scores

    def _layer(self, x: Tensor, is_there: Tensor, name: str) -> Tensor:
        query, key, value = (
            self._table(f"{name}.attention.self.{part}")(x)
            .unflatten(2, (HEADS, -1))
            .transpose(1, 2)
            for part in ("query", "key", "value")
        )
        context = functional.scaled_dot_product_attention(
            query, key, value, attn_mask=is_there[:, None, None, :]
        )
        context = context.transpose(1, 2).flatten(2)
        attended = self.drop(self._table(f"{name}.attention.output.dense")(context))
        x = self._norm(x + attended, f"{name}.attention.output.LayerNorm")
        wide = functional.gelu(self._table(f"{name}.intermediate.dense")(x), approximate="tanh")
        return self._norm(
            x + self.drop(self._table(f"{name}.output.dense")(wide)), f"{name}.output.LayerNorm"
        )

    def _table(self, name: str) -> nn.Module:
        return self.tables[name.replace(".", "/")]

    def _norm(self, x: Tensor, name: str) -> Tensor:
        scale, shift = self._fixed[f"{name}.weight"], self._fixed[f"{name}.bias"]
        return functional.layer_norm(x, (WIDTH,), scale, shift, 1e-12)

    def changes(self) -> dict[str, npt.NDArray[np.float16]]:
        """Return what was learnt, in half precision, by the names of the encoder's tables."""
        learnt: dict[str, Tensor] = {"head.weight": self.head.weight, "head.bias": self.head.bias}
        for name, table in self.tables.items():
            learnt[f"{name.replace('/', '.')}.up"], learnt[f"{name.replace('/', '.')}.down"] = (
                table.change()  # type: ignore[operator, unused-ignore] - every one is Adapted
            )
        return {name: value.detach().half().numpy() for name, value in learnt.items()}


def tune(
    tensors: Mapping[str, npt.NDArray[Any]],
    states: Sequence[npt.NDArray[np.float32]],
    lower: npt.NDArray[np.float32],
    labels: Sequence[int],
    *,
    seed: int,
) -> Upper:
    """Return adapted layers; ``states`` are the texts' pieces after the frozen ones."""
    torch.manual_seed(seed)
    torch.set_num_threads(1)
    rng = np.random.default_rng(seed)
    model = Upper(tensors).train()
    optimiser = torch.optim.AdamW(model.parameters(), lr=LEARNING_RATE, weight_decay=0.01)
    steps = EPOCHS * -(-len(states) // BATCH)
    decay = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda step: max(0.0, 1 - step / steps))
    loss = nn.CrossEntropyLoss(label_smoothing=SMOOTHING)
    targets, means = torch.tensor(labels), torch.tensor(lower)
    lengths = np.array([len(state) for state in states])
    for epoch in range(EPOCHS):
        total = 0.0
        for chosen in batches(lengths, rng):
            x, is_there = padded([states[at] for at in chosen])
            optimiser.zero_grad()
            found = loss(model(x, is_there, means[chosen]), targets[chosen])
            found.backward()
            optimiser.step()
            decay.step()
            total += found.item() * len(chosen)
        print(f"epoch {epoch + 1} of {EPOCHS}: loss {total / len(states):.3f}", flush=True)
    return model.eval()


def batches(
    lengths: npt.NDArray[np.int64], rng: np.random.Generator
) -> Iterator[npt.NDArray[np.int64]]:
    """Yield batches of texts of like lengths, in random order."""
    order = rng.permutation(len(lengths))
    order = order[np.argsort(lengths[order] // 4, kind="stable")]
    made = [order[at : at + BATCH] for at in range(0, len(order), BATCH)]
    for at in rng.permutation(len(made)):
        yield made[at]


def padded(states: Sequence[npt.NDArray[np.float32]]) -> tuple[Tensor, Tensor]:
    """Return the states as one table, and which of its pieces there are."""
    x = nn.utils.rnn.pad_sequence([torch.from_numpy(state) for state in states], batch_first=True)
    lengths = torch.tensor([len(state) for state in states])
    return x, torch.arange(x.shape[1])[None, :] < lengths[:, None]
