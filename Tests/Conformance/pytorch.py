"""Holds weights from and to PyTorch to PyTorch itself.

200 random networks: nn.LSTM, nn.GRU and nn.RNN of 1 to 4 layers, one or both directions, with and without projection and
biases, some between an embedding or a linear map, a layer normalisation and a head, under prefixes of any depth, and cells.
Each is saved by safetensors, imported, run on a batch of sequences of several lengths (as PyTorch runs a packed sequence)
from a random state, and exported again. Outputs and states must agree within 1e-5, the weights in every bit.
"""

import json
import os
import pathlib
import random
import subprocess
import sys
import tempfile

import torch
from safetensors.torch import load_file, save_file
from torch import nn

PROGRAM = os.environ["RECURRENT"]
CASES = int(os.environ.get("CASES", "200"))
TOLERANCE = 1e-5


class Network(nn.Module):
    """Layers by name, each name of any depth."""

    def __init__(self, layers):
        super().__init__()
        for path, module in layers:
            *above, last = path.split(".")
            parent = self
            for name in above:
                if not hasattr(parent, name):
                    parent.add_module(name, nn.Module())
                parent = getattr(parent, name)
            parent.add_module(last, module)


def recurrent(kind, inputs, rng):
    hidden, layers = rng.randint(1, 24), rng.randint(1, 4)
    options = dict(num_layers=layers, bias=rng.random() < 0.7, bidirectional=rng.random() < 0.5)
    if kind == "LSTM" and hidden > 1 and rng.random() < 0.4:
        options["proj_size"] = rng.randint(1, hidden - 1)
    if kind == "RNN":
        options["nonlinearity"] = rng.choice(["tanh", "relu"])
    module = getattr(nn, kind)(inputs, hidden, **options)
    width = options.get("proj_size", hidden) * (2 if options["bidirectional"] else 1)
    return module, width


def case(number, rng):
    """The modules of one network by name, in order, and the options of its import."""
    kind = ["LSTM", "GRU", "RNN"][number % 3]
    inputs = rng.randint(1, 20)
    if number % 10 == 9:
        cell = getattr(nn, kind + "Cell")(inputs, rng.randint(1, 24), bias=rng.random() < 0.7)
        return [(rng.choice(["cell", "decoder.cell"]), cell)], []
    if number % 5 == 0:
        return [("", recurrent(kind, inputs, rng)[0])], []
    prefix = rng.choice(["", "model.", "module.encoder.inner.", "net.é."])
    layers, width, options = [], inputs, []
    start = rng.choice(["nothing", "embedding", "linear"])
    if start == "embedding":
        width = rng.randint(1, 20)
        layers.append((prefix + "embedding", nn.Embedding(rng.randint(2, 50), width)))
    elif start == "linear":
        width = rng.randint(1, 20)
        layers.append((prefix + "input_map", nn.Linear(inputs, width)))
    module, width = recurrent(kind, width, rng)
    layers.append((prefix + kind.lower(), module))
    # Of few features the variance is a difference of nearly equal numbers, which no two programs round alike.
    if rng.random() < 0.5 and width >= 8:
        layers.append((prefix + "norm", nn.LayerNorm(width)))
    if rng.random() < 0.7:
        layers.append((prefix + "head", nn.Linear(width, rng.randint(1, 9), bias=rng.random() < 0.7)))
    # The order is given for half of the networks and found for the rest, where the sizes tell it.
    if number % 2:
        options = ["--order", ",".join(name for name, _ in layers)]
    return layers, options


def run(layers, x, lengths, state):
    """What PyTorch computes, and the final state in the order of ours: h of all layers, then c."""
    final = []
    for _, module in layers:
        if isinstance(module, nn.RNNCellBase):
            steps, h = [], state if isinstance(module, nn.LSTMCell) else state[0]
            ends = []
            for t in range(x.shape[0]):
                h = module(x[t], h)
                ends.append(h)
                steps.append(h[0] if isinstance(h, tuple) else h)
            x = torch.stack(steps)
            x = x * (torch.arange(x.shape[0])[:, None, None] < lengths[None, :, None])
            parts = [torch.stack(part) for part in zip(*ends)] if isinstance(h, tuple) else [torch.stack(ends)]
            final += [part[lengths - 1, torch.arange(len(lengths))] for part in parts]
        elif isinstance(module, nn.RNNBase):
            packed = nn.utils.rnn.pack_padded_sequence(x, lengths, enforce_sorted=False)
            output, end = module(packed, state if isinstance(module, nn.LSTM) else state[0])
            x, _ = nn.utils.rnn.pad_packed_sequence(output, total_length=x.shape[0])
            for part in end if isinstance(end, tuple) else [end]:
                final += list(part)
        else:
            x = module(x)
    return x, final


def main():
    rng = random.Random(20)
    torch.manual_seed(20)
    counts = {"outputs": 0, "states": 0, "weights": 0}
    worst, failures, found = 0.0, [], 0
    with tempfile.TemporaryDirectory() as folder, torch.no_grad():
        folder = pathlib.Path(folder)
        cases, lines = [], []
        for number in range(CASES):
            layers, options = case(number, rng)
            network = Network(layers) if layers[0][0] else layers[0][1]
            for parameter in network.parameters():
                if parameter.dim() == 1:
                    parameter.add_(0.2 * torch.randn_like(parameter))
            layers = layers if layers[0][0] else [("", network)]
            core = next(m for _, m in layers if isinstance(m, (nn.RNNBase, nn.RNNCellBase)))
            name = f"{number:03}-{type(core).__name__}"
            if isinstance(core, (nn.RNN, nn.RNNCell)):
                options = options + ["--rnn-activation", core.nonlinearity]
            source = folder / f"{name}.safetensors"
            save_file(network.state_dict(), source)
            model, back = folder / name, folder / f"{name}.back.safetensors"
            command = [PROGRAM, "import", str(source), "--out", str(model), "--quiet", *options]
            done = subprocess.run(command, capture_output=True, text=True)
            if done.returncode and "--order says it" in done.stderr and not options[:1] == ["--order"]:
                # Sizes that happen to be equal: several orders are possible, and the message lists them.
                command += ["--order", ",".join(path or "." for path, _ in layers)]
                done = subprocess.run(command, capture_output=True, text=True)
            elif "--order" not in options and len(layers) > 1:
                found += 1
            if done.returncode:
                failures.append(f"{name}: import: {done.stderr.strip()}")
                continue
            done = subprocess.run(
                [PROGRAM, "export", str(model), str(back), "--to", "pytorch", "--quiet"], capture_output=True, text=True)
            if done.returncode:
                failures.append(f"{name}: export: {done.stderr.strip()}")
                continue
            again, original = load_file(back), network.state_dict()
            if again.keys() != original.keys():
                failures.append(f"{name}: names {sorted(again)} are not {sorted(original)}")
            for key in original:
                same = again[key].numpy().tobytes() == original[key].numpy().tobytes()
                counts["weights"] += 1
                if not same or again[key].dtype != original[key].dtype:
                    failures.append(f"{name}: {key} is not bit-identical")

            steps, batch = rng.randint(1, 12), rng.randint(1, 6)
            lengths = torch.tensor([rng.randint(1, steps) for _ in range(batch)])
            if isinstance(layers[0][1], nn.Embedding):
                x = torch.randint(0, layers[0][1].num_embeddings, (steps, batch))
            else:
                module = layers[0][1]
                x = torch.randn(steps, batch, getattr(module, "input_size", None) or module.in_features)
            hidden = core.hidden_size
            output = getattr(core, "proj_size", 0) or hidden
            count = getattr(core, "num_layers", 1) * (2 if getattr(core, "bidirectional", False) else 1)
            shape = (batch,) if isinstance(core, nn.RNNCellBase) else (count, batch)
            state = (0.5 * torch.randn(*shape, output), 0.5 * torch.randn(*shape, hidden))
            expected, ends = run(layers, x, lengths, state)
            has_cell = isinstance(core, (nn.LSTM, nn.LSTMCell))
            parts = [state[0]] + ([state[1]] if has_cell else [])
            flat = parts if isinstance(core, nn.RNNCellBase) else [row for part in parts for row in part]
            given = {"x": x, "lengths": lengths} | {f"state.{k}": part.clone() for k, part in enumerate(flat)}
            save_file({key: value.contiguous() for key, value in given.items()}, folder / f"{name}.in")
            lines.append({"model": str(model), "input": str(folder / f"{name}.in"), "output": str(folder / f"{name}.out")})
            cases.append((name, expected, ends))
        (folder / "list").write_text("".join(json.dumps(line) + "\n" for line in lines))
        subprocess.run([PROGRAM, "conformance", "networks", str(folder / "list")], check=True)
        for name, expected, ends in cases:
            out = load_file(folder / f"{name}.out")
            pairs = [("outputs", out["y"], expected)] + [
                ("states", out[f"state.{k}"], end) for k, end in enumerate(ends)]
            for kind, ours, theirs in pairs:
                counts[kind] += 1
                if ours.shape != theirs.shape:
                    failures.append(f"{name}: {kind} of shape {tuple(ours.shape)}, not {tuple(theirs.shape)}")
                    continue
                difference = (ours - theirs).abs().max().item()
                worst = max(worst, difference)
                if not difference <= TOLERANCE:
                    failures.append(f"{name}: {kind} differ by {difference:.2e}")
    for failure in failures[:20]:
        print("FAIL", failure)
    print(
        f"pytorch: {len(cases)} of {CASES} networks run, {found} orders found; {counts['outputs']} outputs and "
        f"{counts['states']} final states within {worst:.1e} (allowed {TOLERANCE:.0e}); "
        f"{counts['weights']} weight tensors compared bit by bit; {len(failures)} failures")
    sys.exit(1 if failures else 0)


main()
