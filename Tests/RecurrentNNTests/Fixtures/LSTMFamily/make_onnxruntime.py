"""Writes onnxruntime.safetensors: ONNX's LSTM operator as onnxruntime computes it, in single precision (onnx==1.23.2,
onnxruntime==1.31.1, numpy, safetensors): python make_onnxruntime.py

It also finds out, and asserts, what the operator's text leaves open: `input_forget` makes the forget gate 1 − i, and
`clip` limits what enters the gates and the cell input, after the peepholes.
"""
import numpy as np
import onnxruntime
from onnx import TensorProto, helper

from golden import Golden, peepholes, reordered

T, B, I, H = 6, 3, 4, 5
golden = Golden("onnxruntime.safetensors")
options = onnxruntime.SessionOptions()
options.intra_op_num_threads = options.inter_op_num_threads = 1
DEFAULTS = ["Sigmoid", "Tanh", "Tanh"]


def run(feeds, attributes):
    names = ["X", "W", "R", "B", "sequence_lens", "initial_h", "initial_c", "P"]
    names = [name if name in feeds else "" for name in names]
    node = helper.make_node("LSTM", names, ["Y", "Y_h", "Y_c"], hidden_size=H, **attributes)
    types = {name: TensorProto.INT32 if name == "sequence_lens" else TensorProto.FLOAT for name in feeds}
    graph = helper.make_graph(
        [node], "lstm", [helper.make_tensor_value_info(k, types[k], v.shape) for k, v in feeds.items()],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in ("Y", "Y_h", "Y_c")])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 22)])
    model.ir_version = 10
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    return session.run(None, feeds)


def case(name, seed, description=None, direction="forward", lengths=None, state=True, peephole=False, bias=True, scale=0.5,
         **attributes):
    random = np.random.default_rng(seed)

    def normal(*shape):
        return (scale * random.standard_normal(shape)).astype(np.float32)

    D = 2 if direction == "bidirectional" else 1
    feeds = dict(X=(random.standard_normal((T, B, I))).astype(np.float32), W=normal(D, 4 * H, I), R=normal(D, 4 * H, H))
    if bias:
        feeds["B"] = normal(D, 8 * H)
    if lengths:
        feeds["sequence_lens"] = np.array(lengths, np.int32)
    if state:
        feeds["initial_h"], feeds["initial_c"] = normal(D, B, H), normal(D, B, H)
    if peephole:
        feeds["P"] = normal(D, 3 * H)
    if "activations" in attributes:
        attributes["activations"] = attributes["activations"] * D
    y, h, c = run(feeds, dict(attributes, direction=direction))
    description = dict(description or {})
    if peephole:
        description["peepholes"] = "gers"
    coupled = description.get("forgetGate") == "coupled"
    gates = "igo" if coupled else "ifgo"
    cells = ["l0", "l0r"][:D]
    parameters = {}
    for k, cell in enumerate(cells):
        biases = feeds["B"][k] if bias else np.zeros(8 * H, np.float32)
        parameters[cell] = dict(
            weight_ih=reordered(feeds["W"][k], "onnx", gates), weight_hh=reordered(feeds["R"][k], "onnx", gates),
            bias_ih=reordered(biases[:4 * H], "onnx", gates), bias_hh=reordered(biases[4 * H:], "onnx", gates))
        if peephole:
            parameters[cell].update(peepholes(feeds["P"][k], "onnx", "io" if coupled else "ifo"))
    tensors = {"x": feeds["X"], "output": np.concatenate([y[:, k] for k in range(D)], axis=-1), "final.0": h, "final.1": c}
    if state:
        tensors["state.0"], tensors["state.1"] = feeds["initial_h"], feeds["initial_c"]
    if lengths:
        tensors["lengths"] = feeds["sequence_lens"]
    # float32: the unit in the last place is 6e-8; onnxruntime's tanh and sigmoid are rational approximations.
    golden.add(name, description, I, H, parameters, tensors, directions=D, reversed=direction == "reverse",
               tolerance=2e-6)
    return feeds, (y, h, c)


def step(feeds, x, h, c, couple=None, clip=None, clip_before_peepholes=False, clip_output=False):
    """One step by hand in double precision, of one direction."""
    W, R, Bias, P = (feeds[k][0].astype(np.float64) for k in ("W", "R", "B", "P"))
    limit = (lambda v: v) if clip is None else (lambda v: np.clip(v, -clip, clip))
    first = limit if clip_before_peepholes else (lambda v: v)
    i, o, f, g = np.split(first(x @ W.T + h @ R.T + Bias[:4 * H] + Bias[4 * H:]), 4, axis=1)
    pi, po, pf = np.split(P, 3)
    sigmoid = lambda v: 1 / (1 + np.exp(-v))
    i, f = sigmoid(limit(i + pi * c)), sigmoid(limit(f + pf * c))
    if couple == "f=1-i":
        f = 1 - i
    if couple == "i=1-f":
        i = 1 - f
    c = f * c + i * np.tanh(limit(g))
    o = sigmoid(limit(o + po * c))
    return o * np.tanh(limit(c) if clip_output else c), c


def answers(feeds, **options):
    h, c = feeds["initial_h"][0].astype(np.float64), feeds["initial_c"][0].astype(np.float64)
    outputs = []
    for t in range(T):
        h, c = step(feeds, feeds["X"][t].astype(np.float64), h, c, **options)
        outputs.append(h)
    return np.stack(outputs)


def find(what, feeds, y, **choices):
    """Which choice onnxruntime made: exactly one must agree."""
    errors = {name: np.abs(answers(feeds, **options) - y[:, 0]).max() for name, options in choices.items()}
    found = [name for name, error in errors.items() if error < 1e-5]
    print(what, {name: float(f"{error:.2g}") for name, error in errors.items()})
    assert len(found) == 1, (what, errors)
    return found[0]


case("defaults", 1, bias=False, state=False)
case("bias and state", 2)
case("peepholes", 3, peephole=True)
case("peepholes, ragged", 4, peephole=True, lengths=[6, 2, 4])
case("peepholes, ragged, reversed", 5, peephole=True, lengths=[3, 6, 1], direction="reverse")
case("peepholes, ragged, both directions", 6, peephole=True, lengths=[5, 6, 2], direction="bidirectional")
# Of a sequence without steps onnxruntime answers a final state of zero. Here it is the initial state: padding changes
# nothing; so the case keeps what onnxruntime says of the outputs alone.
feeds, (_, h, c) = case("a sequence of length 0", 7, lengths=[6, 0, 3])
assert not h[0, 1].any() and not c[0, 1].any() and feeds["initial_h"][0, 1].any()
for part in ("final.0", "final.1"):
    del golden.tensors["a sequence of length 0/" + part]
feeds, (y, _, _) = case("coupled", 8, dict(forgetGate="coupled"), peephole=True, input_forget=1)
found = find("input_forget", feeds, y, forget=dict(couple="f=1-i"), input=dict(couple="i=1-f"), none=dict())
assert found == "forget"
case("coupled, both directions, ragged", 9, dict(forgetGate="coupled"), input_forget=1, direction="bidirectional",
     lengths=[2, 6, 5])
feeds, (y, _, _) = case("clip", 10, dict(preactivationClip=0.6), peephole=True, clip=0.6, scale=1.0)
found = find("clip", feeds, y, whole=dict(clip=0.6), early=dict(clip=0.6, clip_before_peepholes=True),
             output=dict(clip=0.6, clip_output=True), none=dict())
assert found == "whole"
case("clip without peepholes, ragged, reversed", 11, dict(preactivationClip=0.4), clip=0.4, lengths=[4, 6, 1],
     direction="reverse")


def chosen(name, *constants):
    return dict(name=name, constants=list(constants))


# ONNX's names and, in the order of `activation_alpha` and `activation_beta`, the constants that each takes.
for k, (name, alpha, beta, here) in enumerate([
    ("HardSigmoid", 0.3, 0.4, chosen("hard-sigmoid", 0.3, 0.4)), ("Relu", 0, 0, chosen("relu")),
    ("Softsign", 0, 0, chosen("softsign")), ("Affine", 0.7, 0.2, chosen("affine", 0.7, 0.2)),
    ("LeakyRelu", 0.2, 0, chosen("leaky-relu", 0.2)), ("Elu", 1.3, 0, chosen("elu", 1.3)),
    ("ScaledTanh", 1.7, 0.6, chosen("scaled-tanh", 1.7, 0.6)),
    ("ThresholdedRelu", 0.3, 0, chosen("thresholded-relu", 0.3)), ("Softplus", 0, 0, chosen("softplus")),
    ("Sigmoid", 0, 0, chosen("sigmoid")), ("Tanh", 0, 0, chosen("tanh")),
]):
    constants = dict(activation_alpha=[float(alpha)] * 3, activation_beta=[float(beta)] * 3)
    case(f"{name} everywhere", 30 + k, dict(gateActivation=here, cellInputActivation=here, cellOutputActivation=here),
         scale=0.3, activations=[name] * 3, **constants)
# Constants are consumed only by the activations that take them: Softsign takes none.
case("three different activations", 50, dict(
    gateActivation=chosen("hard-sigmoid", 0.25, 0.45), cellInputActivation=chosen("softsign"),
    cellOutputActivation=chosen("elu", 1.2)), peephole=True, activations=["HardSigmoid", "Softsign", "Elu"],
    activation_alpha=[0.25, 1.2], activation_beta=[0.45])
golden.save()
