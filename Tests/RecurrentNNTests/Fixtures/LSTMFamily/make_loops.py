"""Writes loops.safetensors: members of the LSTM family as PyTorch loops in double precision, differentiated by autograd
(torch==2.13.0, numpy, safetensors): python make_loops.py

Each loop is written from its paper's equations, over [B, ·] tensors, gate by gate; nothing of it comes from the package.
"""
import torch

from golden import Golden

torch.set_num_threads(1)
torch.set_default_dtype(torch.float64)
T, B, I, H = 5, 3, 3, 4
golden = Golden("loops.safetensors")

ACTIVATIONS = {
    "sigmoid": lambda x: torch.sigmoid(x), "tanh": lambda x: torch.tanh(x), "identity": lambda x: x,
    "relu": lambda x: torch.relu(x), "hard-tanh": lambda x: torch.nn.functional.hardtanh(x),
    "hard-sigmoid": lambda x, a=0.2, b=0.5: torch.clamp(a * x + b, 0, 1),
    "softsign": lambda x: torch.nn.functional.softsign(x), "scaled-sigmoid": lambda x, a, b: a * torch.sigmoid(x) + b,
    "scaled-tanh": lambda x, a, b: a * torch.tanh(b * x), "affine": lambda x, a, b: a * x + b,
    "leaky-relu": lambda x, a=0.01: torch.nn.functional.leaky_relu(x, a),
    "thresholded-relu": lambda x, a=1.0: torch.nn.functional.threshold(x, a, 0.0),
    "elu": lambda x, a=1.0: torch.nn.functional.elu(x, a), "softplus": lambda x: torch.nn.functional.softplus(x),
}


def activation(choice, fallback):
    choice = choice or dict(name=fallback)
    return lambda x: ACTIVATIONS[choice["name"]](x, *choice.get("constants", []))


class GradientLimit(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, limit):
        ctx.limit = limit
        return x.clone()

    @staticmethod
    def backward(ctx, d):
        return d.clamp(-ctx.limit, ctx.limit), None


def case(name, seed, masks=None, lengths=None, reversed=False, given_state=True, scale=0.6, **d):
    torch.manual_seed(seed)
    S = d.get("cellsPerBlock", 1)
    n = H // S
    P = d.get("projectionSize") or H
    Y = P + (d.get("nonRecurrentProjectionSize") or 0)
    how = {"i": d.get("inputGate", "learned"), "f": d.get("forgetGate", "learned"), "o": d.get("outputGate", "learned")}
    learned = [k for k in "ifo" if how[k] == "learned"]
    width = {k: H if k == "g" else n for k in "ifgo" if k == "g" or k in learned}
    N = sum(width.values())
    G = len(learned) * n
    peep = d.get("peepholes", "none")
    fgr, ln = d.get("fullGateRecurrence", False), d.get("layerNormalization", False)

    def leaf(*shape, around=0.0):
        return (around + scale * torch.randn(*shape)).requires_grad_()

    p = {"weight_ih": leaf(N, I)}
    p["weight_ch" if peep == "wikipedia" else "weight_hh"] = leaf(G, H) if peep == "wikipedia" else leaf(N, P)
    p["bias_ih"], p["bias_hh"] = leaf(N), leaf(N)
    if peep in ("gers", "all-previous"):
        p.update({"peephole_" + k: leaf(H) for k in learned})
    if fgr:
        p["weight_gates"] = leaf(G, G)
    if "projectionSize" in d:
        p["weight_hr"] = leaf(Y, H)
    if ln:
        p.update({"norm_ih.weight": leaf(N, around=1.0), "norm_hh.weight": leaf(N, around=1.0),
                  "norm_c.weight": leaf(H, around=1.0), "norm_c.bias": leaf(H)})
    if d.get("learnedInitialState"):
        p["initial_h"], p["initial_c"] = leaf(Y), leaf(H)

    x = torch.randn(T, B, I).requires_grad_()
    state = None
    if given_state:
        state = [torch.randn(B, Y).requires_grad_(), torch.randn(B, H).requires_grad_()]
        if fgr:
            state.append(torch.rand(B, G).requires_grad_())

    mask = {}
    for kind in masks or []:
        if kind == "candidate":
            mask[kind] = (torch.rand(T, B, H) > 0.3).double() / 0.7
        elif kind == "recurrent":
            mask[kind] = (torch.rand(B, P) > 0.3).double() / 0.7
        elif kind == "hiddenZone":
            mask[kind] = (torch.rand(T, B, Y) > 0.5).double()
        elif kind == "cellZone":
            mask[kind] = (torch.rand(T, B, H) > 0.5).double()
        elif kind == "recurrentWeight":
            mask[kind] = (torch.rand(N, P) > 0.4).double() / 0.6
        elif kind == "inputNoise":
            mask[kind] = 0.3 * torch.randn(T, B, I)

    s = activation(d.get("gateActivation"), "sigmoid")
    a = activation(d.get("cellInputActivation"), "tanh")
    h_of = activation(d.get("cellOutputActivation"), "tanh")
    clip, cell_clip, gradient_clip = d.get("preactivationClip"), d.get("cellClip"), d.get("gradientClip")
    cut = (lambda v: v.detach()) if d.get("truncatedGradient") else (lambda v: v)
    names = list(width)
    recurrent_weight = p.get("weight_hh")
    if recurrent_weight is not None and "recurrentWeight" in mask:
        recurrent_weight = recurrent_weight * mask["recurrentWeight"]

    def enter(z):
        if gradient_clip is not None:
            z = GradientLimit.apply(z, gradient_clip)
        return z if clip is None else torch.clamp(z, -clip, clip)

    def spread(gate):
        return gate.repeat_interleave(S, dim=1)

    def into_blocks(products):
        return products.view(-1, n, S).sum(2)

    def layer_norm(v):
        return torch.nn.functional.layer_norm(v, v.shape[-1:], eps=1e-5)

    def step(t, y, c, gates):
        """One step of the whole batch; returns y, c, gates."""
        inputs = x[t] + mask["inputNoise"][t] if "inputNoise" in mask else x[t]
        from_input = inputs @ p["weight_ih"].T
        if peep == "wikipedia":
            products = dict(zip(learned, (c @ p["weight_ch"].T).split(n, dim=1)))
            recurrent = torch.cat([products.get(k, torch.zeros(B, H)) for k in names], dim=1)
        else:
            r = cut(y[:, :P])
            if "recurrent" in mask:
                r = r * mask["recurrent"]
            recurrent = r @ recurrent_weight.T
        if fgr:
            between = dict(zip(learned, (cut(gates) @ p["weight_gates"].T).split(n, dim=1)))
            recurrent = recurrent + torch.cat([between.get(k, torch.zeros(B, H)) for k in names], dim=1)
        if ln:
            from_input = layer_norm(from_input) * p["norm_ih.weight"]
            recurrent = layer_norm(recurrent) * p["norm_hh.weight"]
        z = dict(zip(names, (from_input + recurrent + p["bias_ih"] + p["bias_hh"]).split([width[k] for k in names], 1)))

        def sum_of(gate, cell):
            if peep in ("gers", "all-previous"):
                return z[gate] + into_blocks(cut(cell) * p["peephole_" + gate])
            return z[gate]

        value = {k: torch.ones(B, n) for k in "ifo" if how[k] == "open"}
        for k in "if":
            if how[k] == "learned":
                value[k] = s(enter(sum_of(k, c)))
        if how["f"] == "coupled":
            value["f"] = 1 - value["i"]
        if how["i"] == "coupled":
            value["i"] = 1 - value["f"]
        candidate = a(enter(z["g"]))
        taken = spread(value["i"]) * candidate
        if "candidate" in mask:
            taken = taken * mask["candidate"][t]
        cell = spread(value["f"]) * c + taken
        if cell_clip is not None:
            cell = torch.clamp(cell, -cell_clip, cell_clip)
        if how["o"] == "learned":
            value["o"] = s(enter(sum_of("o", c if peep == "all-previous" else cell)))
        shown = layer_norm(cell) * p["norm_c.weight"] + p["norm_c.bias"] if ln else cell
        out = spread(value["o"]) * h_of(shown)
        if "weight_hr" in p:
            out = out @ p["weight_hr"].T

        def zoned(kind, rate, old, new):
            if kind in mask:
                return torch.where(mask[kind][t] > 0, old, new)
            return rate * old + (1 - rate) * new

        return (zoned("hiddenZone", d.get("hiddenZoneout", 0.0), y, out),
                zoned("cellZone", d.get("cellZoneout", 0.0), c, cell),
                torch.cat([value[k] for k in learned], dim=1) if fgr else None)

    if state is not None:
        y, c = state[0], state[1]
        gates = state[2] if fgr else None
    else:
        start = d.get("learnedInitialState")
        y = p["initial_h"].expand(B, Y) if start else torch.zeros(B, Y)
        c = p["initial_c"].expand(B, H) if start else torch.zeros(B, H)
        gates = torch.zeros(B, G) if fgr else None
    outputs, cells = [None] * T, [None] * T
    for t in (range(T - 1, -1, -1) if reversed else range(T)):
        new = step(t, y, c, gates)
        if lengths is None:
            y, c, gates = new
            outputs[t], cells[t] = y, c
        else:
            runs = torch.tensor([t < length for length in lengths]).unsqueeze(1)
            y, c = torch.where(runs, new[0], y), torch.where(runs, new[1], c)
            gates = torch.where(runs, new[2], gates) if fgr else None
            outputs[t], cells[t] = torch.where(runs, y, 0.0), torch.where(runs, c, 0.0)
    output, cells = torch.stack(outputs), torch.stack(cells)
    final = [y, c] + ([gates] if fgr else [])
    up_output, up_cells, up_final = torch.randn_like(output), torch.randn_like(cells), [torch.randn_like(v) for v in final]
    loss = (output * up_output).sum() + (cells * up_cells).sum() + sum((v * u).sum() for v, u in zip(final, up_final))
    loss.backward()

    tensors = dict(x=x, output=output, cells=cells)
    tensors["upstream.output"], tensors["upstream.cells"] = up_output, up_cells
    tensors["gradient.x"] = x.grad
    for k, v in enumerate(final):
        tensors[f"final.{k}"], tensors[f"upstream.final.{k}"] = v.unsqueeze(0), up_final[k].unsqueeze(0)
    for k, v in enumerate(state or []):
        tensors[f"state.{k}"] = v.unsqueeze(0)
        tensors[f"gradient.state.{k}"] = (torch.zeros_like(v) if v.grad is None else v.grad).unsqueeze(0)
    tensors.update({"mask." + k: v for k, v in mask.items()})
    if lengths is not None:
        tensors["lengths"] = torch.tensor(lengths, dtype=torch.int32)
    gradients = {k: torch.zeros_like(v) if v.grad is None else v.grad for k, v in p.items()}
    golden.add(name, d, I, H, {"l0": p}, tensors, {"l0": gradients}, reversed=reversed)


def chosen(name, *constants):
    return dict(name=name, constants=list(constants))


case("standard", 1)
case("standard reversed ragged", 2, lengths=[5, 0, 2], reversed=True)
case("vanilla with peepholes", 3, peepholes="gers")
case("peepholes that all see the cell before", 4, peepholes="all-previous")
case("wikipedia peepholes", 5, peepholes="wikipedia")
case("wikipedia peepholes, coupled", 6, peepholes="wikipedia", forgetGate="coupled")
case("no input gate", 7, inputGate="open", peepholes="gers")
case("no forget gate", 8, forgetGate="open", peepholes="gers")
case("no output gate", 9, outputGate="open", peepholes="gers")
case("no gate", 10, inputGate="open", forgetGate="open", outputGate="open")
case("no input activation", 11, cellInputActivation=chosen("identity"), peepholes="gers")
case("no output activation", 12, cellOutputActivation=chosen("identity"), peepholes="gers")
case("forget gate coupled to the input gate", 13, forgetGate="coupled", peepholes="gers")
case("input gate coupled to the forget gate", 14, inputGate="coupled", peepholes="gers")
case("full gate recurrence", 15, fullGateRecurrence=True, peepholes="gers", lengths=[3, 5, 0])
case("full gate recurrence, coupled", 16, fullGateRecurrence=True, forgetGate="coupled")
case("full gate recurrence from nothing", 17, fullGateRecurrence=True, peepholes="gers", given_state=False)
case("blocks", 18, cellsPerBlock=2)
case("blocks with peepholes", 19, cellsPerBlock=2, peepholes="gers")
case("blocks with peepholes and full gate recurrence", 20, cellsPerBlock=2, peepholes="all-previous",
     fullGateRecurrence=True)
squashed = dict(cellInputActivation=chosen("scaled-sigmoid", 4, -2), cellOutputActivation=chosen("scaled-sigmoid", 2, -1))
case("1997", 21, forgetGate="open", cellsPerBlock=2, truncatedGradient=True, **squashed)
case("1997, whole gradient", 22, forgetGate="open", cellsPerBlock=2, **squashed)
case("truncated with peepholes", 23, truncatedGradient=True, peepholes="gers")
case("truncated with previous peepholes, gates and projection", 24, truncatedGradient=True, peepholes="all-previous",
     fullGateRecurrence=True, projectionSize=2)
case("truncated with zoneout", 25, truncatedGradient=True, hiddenZoneout=0.3, cellZoneout=0.2)
case("truncated with layer normalisation", 26, truncatedGradient=True, layerNormalization=True)
case("recurrent projection", 27, projectionSize=2)
case("both projections with peepholes", 28, projectionSize=2, nonRecurrentProjectionSize=3, peepholes="gers")
case("layer normalisation", 29, layerNormalization=True)
case("layer normalisation with peepholes and gates", 30, layerNormalization=True, peepholes="gers",
     fullGateRecurrence=True)
case("layer normalisation, blocks, coupled, projection", 31, layerNormalization=True, cellsPerBlock=2,
     inputGate="coupled", projectionSize=3)
case("zoneout in expectation", 32, hiddenZoneout=0.3, cellZoneout=0.15)
case("zoneout by chance", 33, masks=["hiddenZone", "cellZone"], hiddenZoneout=0.5, cellZoneout=0.5, peepholes="gers")
case("zoneout by chance with projection", 34, masks=["hiddenZone", "cellZone"], hiddenZoneout=0.5, cellZoneout=0.5,
     projectionSize=2, nonRecurrentProjectionSize=1)
case("recurrent dropout without memory loss", 35, masks=["candidate"],
     recurrentDropout=dict(kind="without-memory-loss", rate=0.3))
case("variational recurrent dropout", 36, masks=["recurrent"], recurrentDropout=dict(kind="variational", rate=0.3))
case("variational with projection", 37, masks=["recurrent"], recurrentDropout=dict(kind="variational", rate=0.3),
     projectionSize=2, nonRecurrentProjectionSize=1)
case("DropConnect and noise", 38, masks=["recurrentWeight", "inputNoise"], dropConnect=0.4, inputNoise=0.3)
case("cell clip", 39, cellClip=0.4, peepholes="gers")
case("pre-activation clip", 40, preactivationClip=0.5, peepholes="gers")
case("gradient clip", 41, gradientClip=0.1, peepholes="gers")
case("all clips, reversed", 42, cellClip=0.7, preactivationClip=0.8, gradientClip=0.2, peepholes="gers", reversed=True,
     lengths=[2, 5, 4])
case("learned beginning", 43, learnedInitialState=True, given_state=False, lengths=[5, 3, 0])
case("learned beginning with projection", 44, learnedInitialState=True, given_state=False, projectionSize=2)
case("gradient clip with layer normalisation", 45, gradientClip=0.2, layerNormalization=True)
for k, (name, constants) in enumerate([
    ("hard-sigmoid", [1 / 6, 0.5]), ("hard-tanh", []), ("relu", []), ("softsign", []), ("scaled-tanh", [1.7, 0.6]),
    ("affine", [0.5, 0.1]), ("leaky-relu", [0.2]), ("thresholded-relu", [0.3]), ("elu", [1.3]), ("softplus", []),
]):
    case(f"activation {name}", 60 + k, scale=0.4, gateActivation=chosen(name, *constants),
         cellInputActivation=chosen(name, *constants), cellOutputActivation=chosen(name, *constants))
case("much at once", 80, masks=["hiddenZone", "cellZone", "candidate", "inputNoise", "recurrentWeight"], cellsPerBlock=2,
     peepholes="gers", layerNormalization=True, projectionSize=3, nonRecurrentProjectionSize=1, fullGateRecurrence=True,
     hiddenZoneout=0.5, cellZoneout=0.5, recurrentDropout=dict(kind="without-memory-loss", rate=0.3), inputNoise=0.3,
     dropConnect=0.4, cellClip=1.5, preactivationClip=1.5, inputGate="coupled", lengths=[4, 5, 1], reversed=True)
golden.save()
