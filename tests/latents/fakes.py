"""A generator whose mapping is a formula, to watch what `compose` asks of it."""

import numpy as np
import torch

from explorer.models import Features, Generator, NetworkDescription, Step


class Mapper(Generator):
    """Maps `z` to tanh(z A + c B); draws nothing. Counts how often it maps."""

    def __init__(self, num_ws=8, w_dim=6, c_dim=0, architecture="stylegan2", w_avg_per_class=False):
        self.description = NetworkDescription(architecture, 32, 3, 5, w_dim, c_dim, num_ws)
        numbers = np.random.RandomState(1)
        self.a = torch.from_numpy(numbers.randn(5, w_dim).astype(np.float32))
        self.b = torch.from_numpy(numbers.randn(max(c_dim, 1), w_dim).astype(np.float32))
        shape = (c_dim, w_dim) if w_avg_per_class else (w_dim,)
        self.w_avg = torch.from_numpy(numbers.randn(*shape).astype(np.float32))
        self.steps = (Step("only", tuple(range(num_ws)), 32, False, True),)
        self.device = torch.device("cpu")
        self.precision = "float32"
        self.mapped = 0

    def mapping(self, z, c=None, psi=1.0, cutoff=None):
        self.mapped += 1
        assert (c is None) == (self.c_dim == 0)
        w = torch.tanh(z @ self.a + (0 if c is None else c @ self.b))
        return w[:, None].repeat(1, self.num_ws, 1)

    def start(self, batch):
        return Features(torch.zeros(batch, 1, 4, 4))

    def run(self, index, features, ws, noise=None, transform=None):
        return features

    def picture(self, features):
        return features.x

    def to(self, device, precision="float32"):
        return self

    parameters = 0
    nbytes = 0
