"""JAX: every cell as one jitted lax.scan a layer and direction. First argument: the number of threads."""
import os
import sys

threads = int(sys.argv[1])
if threads == 1:
    os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false " + os.environ.get("XLA_FLAGS", "")
os.environ["JAX_PLATFORMS"] = "cpu"

import jax  # noqa: E402
import jax.numpy as jnp  # noqa: E402
import numpy as np  # noqa: E402
from jax import lax, nn  # noqa: E402

from common import Unsupported, serve  # noqa: E402


def normalised(x):
    mean = x.mean(-1, keepdims=True)
    return (x - mean) * lax.rsqrt(((x - mean) ** 2).mean(-1, keepdims=True) + 1e-5)


def layer(point, p, suffix, x, mask, reverse):
    """One layer in one direction over [T, B, ·]: the input's products first, then a scan."""
    def get(name):
        return p[name + suffix]

    hidden, products = point.hidden, x @ get("weight_ih").T
    r = get("weight_hh").T
    if point.variant == "layer-norm":
        products = normalised(products) * p[f"norm_ih{suffix}.weight"]
    if point.cell == "gru":
        products, late = products + get("bias_ih"), get("bias_hh")
    else:
        products = products + get("bias_ih") + get("bias_hh")

    def step(state, now):
        z, valid = now
        h, c = state
        if point.cell == "rnn":
            new, kept = jnp.tanh(z + h @ r), c
        elif point.cell == "gru":
            q = h @ r + late
            reset = nn.sigmoid(z[:, :hidden] + q[:, :hidden])
            update = nn.sigmoid(z[:, hidden:2 * hidden] + q[:, hidden:2 * hidden])
            candidate = jnp.tanh(z[:, 2 * hidden:] + reset * q[:, 2 * hidden:])
            new, kept = (1 - update) * candidate + update * h, c
        else:
            q = h @ r
            if point.variant == "layer-norm":
                q = normalised(q) * p[f"norm_hh{suffix}.weight"]
            i, f, g, o = jnp.split(z + q, 4, axis=1)
            if point.variant == "peephole":
                i, f = i + get("peephole_i") * c, f + get("peephole_f") * c
            kept = nn.sigmoid(f) * c + nn.sigmoid(i) * jnp.tanh(g)
            if point.variant == "peephole":
                o = o + get("peephole_o") * kept
            shown = kept
            if point.variant == "layer-norm":
                shown = normalised(kept) * p[f"norm_c{suffix}.weight"] + p[f"norm_c{suffix}.bias"]
            new = nn.sigmoid(o) * jnp.tanh(shown)
            if point.projection:
                new = new @ get("weight_hr").T
        if point.lengths is None:
            return (new, kept), new
        return (jnp.where(valid, new, h), jnp.where(valid, kept, c)), jnp.where(valid, new, 0)

    start = (jnp.zeros((x.shape[1], point.output)), jnp.zeros((x.shape[1], hidden)))
    return lax.scan(step, start, (products, mask), reverse=reverse)[1]


def network(point, mask, p, x):
    for number in range(point.layers):
        outputs = [
            layer(point, p, suffix, x, mask, direction == 1)
            for place, direction, suffix in point.places() if place == number]
        x = outputs[0] if len(outputs) == 1 else jnp.concatenate(outputs, axis=2)
    return x


class Peer:
    def version(self):
        return {"jax": jax.__version__}

    def load(self, point, numbers):
        self.point = point
        self.p = {name[2:]: jnp.asarray(value) for name, value in numbers.items() if name.startswith("p.")}
        self.x, self.upstream = jnp.asarray(numbers["x"]), jnp.asarray(numbers["upstream"])
        mask = jnp.asarray(point.mask())
        self.infer = jax.jit(lambda p, x: network(point, mask, p, x))

        def gradients(p, x, upstream):
            y, back = jax.vjp(lambda p, x: network(point, mask, p, x), p, x)
            return y, back(upstream)

        self.gradients = jax.jit(gradients)

    def forward(self):
        jax.block_until_ready(self.infer(self.p, self.x))

    def train(self):
        jax.block_until_ready(self.gradients(self.p, self.x, self.upstream))

    def results(self):
        y, (dp, dx) = self.gradients(self.p, self.x, self.upstream)
        return {"y": np.asarray(y), "d.x": np.asarray(dx), **{"d." + name: np.asarray(v) for name, v in dp.items()}}

    def stepper(self):
        if self.point.cell != "lstm" or self.point.layers > 1:
            raise Unsupported("steps are those of one LSTM cell")
        p = self.p

        def cell(p, x, state):
            h, c = state
            z = x @ p["weight_ih_l0"].T + h @ p["weight_hh_l0"].T + p["bias_ih_l0"] + p["bias_hh_l0"]
            i, f, g, o = jnp.split(z, 4, axis=1)
            c = nn.sigmoid(f) * c + nn.sigmoid(i) * jnp.tanh(g)
            return nn.sigmoid(o) * jnp.tanh(c), c

        step, x = jax.jit(cell), self.x[0]
        state = (jnp.zeros((1, self.point.hidden)), jnp.zeros((1, self.point.hidden)))

        def run():
            nonlocal state
            state = jax.block_until_ready(step(p, x, state))

        return run

    def forms(self, mode):
        if mode == "step":
            return [("jit", self.stepper())]
        return [("jit, lax.scan", self.forward if mode == "forward" else self.train)]


serve(Peer())
