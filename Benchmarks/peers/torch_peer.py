"""PyTorch: nn.LSTM, nn.GRU and nn.RNN, packed sequences for ragged lengths, hand-written loops for the other cells.

First argument: the number of threads; a second, `compile`, tries torch.compile for the hand-written loops too.
"""
import os
import sys
import warnings

threads = int(sys.argv[1])
os.environ["OMP_NUM_THREADS"] = str(threads)

import torch  # noqa: E402
from torch import Tensor  # noqa: E402
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence, pad_packed_sequence  # noqa: E402

from common import Unsupported, serve  # noqa: E402

torch.set_num_threads(threads)
warnings.simplefilter("ignore")
COMPILES = "compile" in sys.argv[2:]


def peephole_step(gx: Tensor, h: Tensor, c: Tensor, r: Tensor, pi: Tensor, pf: Tensor, po: Tensor):
    zi, zf, zg, zo = (gx + h @ r).chunk(4, 1)
    c2 = torch.sigmoid(zf + pf * c) * c + torch.sigmoid(zi + pi * c) * torch.tanh(zg)
    return torch.sigmoid(zo + po * c2) * torch.tanh(c2), c2


def norm_step(gx: Tensor, h: Tensor, c: Tensor, r: Tensor, gain: Tensor, cell_gain: Tensor, cell_shift: Tensor):
    zi, zf, zg, zo = (gx + torch.nn.functional.layer_norm(h @ r, gain.shape, gain)).chunk(4, 1)
    c2 = torch.sigmoid(zf) * c + torch.sigmoid(zi) * torch.tanh(zg)
    shown = torch.nn.functional.layer_norm(c2, cell_gain.shape, cell_gain, cell_shift)
    return torch.sigmoid(zo) * torch.tanh(shown), c2


def peephole_loop(gx: Tensor, r: Tensor, pi: Tensor, pf: Tensor, po: Tensor) -> Tensor:
    h = torch.zeros([gx.shape[1], r.shape[0]], dtype=gx.dtype)
    c = torch.zeros_like(h)
    outputs: list[Tensor] = []
    for g in gx.unbind(0):
        zi, zf, zg, zo = (g + h @ r).chunk(4, 1)
        c = torch.sigmoid(zf + pf * c) * c + torch.sigmoid(zi + pi * c) * torch.tanh(zg)
        h = torch.sigmoid(zo + po * c) * torch.tanh(c)
        outputs.append(h)
    return torch.stack(outputs)


def norm_loop(gx: Tensor, r: Tensor, gain: Tensor, cell_gain: Tensor, cell_shift: Tensor) -> Tensor:
    h = torch.zeros([gx.shape[1], r.shape[0]], dtype=gx.dtype)
    c = torch.zeros_like(h)
    outputs: list[Tensor] = []
    for g in gx.unbind(0):
        zi, zf, zg, zo = (g + torch.nn.functional.layer_norm(h @ r, [r.shape[1]], gain)).chunk(4, 1)
        c = torch.sigmoid(zf) * c + torch.sigmoid(zi) * torch.tanh(zg)
        shown = torch.nn.functional.layer_norm(c, [r.shape[0]], cell_gain, cell_shift)
        h = torch.sigmoid(zo) * torch.tanh(shown)
        outputs.append(h)
    return torch.stack(outputs)


class HandWritten(torch.nn.Module):
    """A peephole or layer-norm LSTM of one layer: the input's products for all steps at once, then a loop."""

    NORMS = {"norm_ih_weight": "norm_ih_l0.weight", "norm_hh_weight": "norm_hh_l0.weight",
             "norm_c_weight": "norm_c_l0.weight", "norm_c_bias": "norm_c_l0.bias"}

    def __init__(self, point, numbers, dtype, form):
        super().__init__()
        self.variant, self.form = point.variant, form
        for name, value in numbers.items():
            if name.startswith("p."):
                self.register_parameter(
                    name[2:].replace("_l0", "").replace(".", "_"),
                    torch.nn.Parameter(torch.tensor(value, dtype=dtype)))
        self.step = peephole_step if self.variant == "peephole" else norm_step
        self.loop = peephole_loop if self.variant == "peephole" else norm_loop
        if form == "scripted loop":
            self.loop = torch.jit.script(self.loop)
        elif form == "compiled step":
            self.step = torch.compile(self.step, dynamic=False)

    def forward(self, x):
        bias = self.bias_ih + self.bias_hh
        if self.variant == "peephole":
            gx = torch.nn.functional.linear(x, self.weight_ih, bias)
            rest = (self.peephole_i, self.peephole_f, self.peephole_o)
        else:
            products = torch.nn.functional.linear(x, self.weight_ih)
            gx = torch.nn.functional.layer_norm(products, [products.shape[2]], self.norm_ih_weight) + bias
            rest = (self.norm_hh_weight, self.norm_c_weight, self.norm_c_bias)
        r = self.weight_hh.t()
        if self.form != "compiled step":
            return self.loop(gx, r, *rest), None
        h = torch.zeros([x.shape[1], r.shape[0]], dtype=x.dtype)
        c, outputs = torch.zeros_like(h), []
        for g in gx.unbind(0):
            h, c = self.step(g, h, c, r, *rest)
            outputs.append(h)
        return torch.stack(outputs), None

    def parameters_by_name(self):
        return [(self.NORMS.get(name, name + "_l0"), value) for name, value in self.named_parameters()]


class Job:
    """A network with its input and the gradient of its output."""

    def __init__(self, point, numbers, dtype=torch.float32, form=None):
        self.point = point
        if point.variant != "standard":
            self.net = HandWritten(point, numbers, dtype, form)
            self.parameters = self.net.parameters_by_name()
        else:
            kind = {"lstm": torch.nn.LSTM, "gru": torch.nn.GRU, "rnn": torch.nn.RNN}[point.cell]
            extra = {"proj_size": point.projection} if point.projection else {}
            self.net = kind(
                point.input, point.hidden, num_layers=point.layers, bidirectional=point.directions == 2, **extra
            ).to(dtype)
            self.parameters = list(self.net.named_parameters())
            with torch.no_grad():
                for name, value in self.parameters:
                    value.copy_(torch.tensor(numbers["p." + name]))
        self.x = torch.tensor(numbers["x"], dtype=dtype)
        self.upstream = torch.tensor(numbers["upstream"], dtype=dtype)
        self.packed = self.state = None
        if point.lengths is not None and form != "padded":
            # Once: packing is not timed.
            lengths = torch.tensor(point.lengths)
            self.packed = pack_padded_sequence(self.x, lengths, enforce_sorted=False)
            self.upstream = pack_padded_sequence(self.upstream, lengths, enforce_sorted=False).data
            self.x = self.packed.data
        self.x.requires_grad_()

    def repacked(self, data):
        return PackedSequence(
            data, self.packed.batch_sizes, self.packed.sorted_indices, self.packed.unsorted_indices)

    def call(self):
        if self.packed is None:
            return self.net(self.x)[0]
        return self.net(self.repacked(self.x))[0].data

    def forward(self):
        with torch.inference_mode():
            return self.call()

    def train(self):
        self.net.zero_grad(set_to_none=True)
        self.x.grad = None
        y = self.call()
        y.backward(self.upstream)
        return y

    def step(self):
        with torch.inference_mode():
            self.state = self.net(self.x, self.state)[1]

    def results(self):
        y = self.train()
        values = {"y": y.detach(), "d.x": self.x.grad}
        if self.packed is not None:
            values = {
                name: pad_packed_sequence(self.repacked(value), total_length=self.point.steps)[0]
                for name, value in values.items()}
        for name, value in self.parameters:
            values["d." + name] = value.grad
        return {name: value.to(torch.float64).numpy() for name, value in values.items()}


class CellStep:
    """nn.LSTMCell with the state carried along."""

    def __init__(self, point, numbers):
        self.cell = torch.nn.LSTMCell(point.input, point.hidden)
        with torch.no_grad():
            for name, value in self.cell.named_parameters():
                value.copy_(torch.tensor(numbers[f"p.{name}_l0"]))
        self.x, self.state = torch.tensor(numbers["x"][0]), None

    def __call__(self):
        with torch.inference_mode():
            self.state = self.cell(self.x, self.state)


class Peer:
    def version(self):
        build = next((l.strip() for l in torch.__config__.show().splitlines() if "MKL-DNN" in l), "")
        return {"torch": torch.__version__, "onednn": build, "capability": torch.backends.cpu.get_cpu_capability()}

    def load(self, point, numbers):
        self.point, self.numbers, self.jobs = point, numbers, {}

    def job(self, form=None):
        if form not in self.jobs:
            self.jobs[form] = Job(self.point, self.numbers, form=form)
        return self.jobs[form]

    def exact(self, point, numbers):
        return Job(point, numbers, torch.float64).results()

    def results(self):
        return self.job().results()

    def forms(self, mode):
        point = self.point
        if mode == "step":
            if point.cell != "lstm" or point.layers > 1:
                raise Unsupported("steps are taken with LSTMCell")
            return [("nn.LSTMCell", CellStep(point, self.numbers)), ("nn.LSTM of one step", self.job().step)]
        title, others = "nn." + point.cell.upper(), []
        if point.variant != "standard":
            title, others = "loop", ["scripted loop"] + (["compiled step"] if COMPILES else [])
        elif point.lengths is not None:
            title = "packed sequence"
            # Without a second direction a padded step may be computed and not looked at.
            others = ["padded"] if point.directions == 1 else []
        # A form that cannot be made here fails when it is tried.
        return [(name or title, lambda name=name: getattr(self.job(name), mode)()) for name in [None] + others]


serve(Peer())
