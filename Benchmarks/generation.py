"""Text generation at batch 1: this program, PyTorch and ONNX Runtime on one model folder, in interleaved rounds.

    python3 generation.py MODEL --peer-python PYTHON [--rounds 7] [--tokens 2000] [--program PATH] [--name NAME]
        [--weights float32 float16 int8]

Every side samples at temperature 0.8 from the same weights, on one thread, feeding each token back. PyTorch runs the
fastest of nn.LSTM and nn.LSTMCell, with oneDNN or without, under inference_mode; ONNX Runtime the operator LSTM with its
state as inputs and outputs. Both take the softmax and the choice from numpy, the fastest way for them. The first tokens are not timed. Of this program every
format of the weights in --weights is timed; the peers' are float32. Adds to results/generation.json.
"""
import argparse
import json
import pathlib
import statistics
import subprocess
import sys
import time

from worker import HERE, Worker, cpu_name


def serve(kind, folder):
    """A peer: answers a number of tokens with the seconds it took to generate them."""
    import numpy as np
    from safetensors.numpy import load_file

    recipe = json.load(open(f"{folder}/config.json"))["recipe"]
    weights = load_file(f"{folder}/model.safetensors")
    layers, hidden = recipe["layers"], recipe["hidden_size"]
    table = weights["embedding.weight"]
    head, bias = weights.get("decoder.weight", table), weights["decoder.bias"]
    random = np.random.default_rng(1)

    def choose(scores):
        p = np.exp((scores - scores.max()) / np.float32(0.8), dtype=np.float32)
        sums = np.cumsum(p)
        return int(np.searchsorted(sums, random.random() * sums[-1]))

    if kind == "torch":
        import torch

        torch.set_num_threads(1)
        lstm = torch.nn.LSTM(table.shape[1], hidden, layers)
        lstm.load_state_dict({k[4:]: torch.from_numpy(v) for k, v in weights.items() if k.startswith("rnn.")})
        embedding = torch.nn.Embedding.from_pretrained(torch.from_numpy(table))
        linear = torch.nn.Linear(head.shape[1], head.shape[0])
        linear.weight.data, linear.bias.data = torch.from_numpy(head), torch.from_numpy(bias)
        lstm.eval()

        cells = [torch.nn.LSTMCell(table.shape[1] if n == 0 else hidden, hidden) for n in range(layers)]
        for n, cell in enumerate(cells):
            cell.load_state_dict({k[:-3]: v for k, v in lstm.state_dict().items() if k.endswith(f"_l{n}")})

        def by_layer(count):
            state, token = None, 0
            for _ in range(count):
                h, state = lstm(embedding(torch.tensor([[token]])), state)
                token = choose(linear(h[0, 0]).numpy())

        def by_cell(count):
            zeros, token = torch.zeros(1, hidden), 0
            states = [(zeros, zeros)] * layers
            for _ in range(count):
                x = embedding(torch.tensor([token]))
                for n, cell in enumerate(cells):
                    states[n] = cell(x, states[n])
                    x = states[n][0]
                token = choose(linear(x[0]).numpy())

        # The fastest of the ways that PyTorch has: nn.LSTM or nn.LSTMCell, with oneDNN or without.
        def timed(way, onednn):
            with torch.inference_mode(), torch.backends.mkldnn.flags(enabled=onednn):
                way(20)
                began = time.perf_counter()
                way(100)
                return time.perf_counter() - began

        way, onednn = min(((w, o) for w in (by_layer, by_cell) for o in (True, False)), key=lambda c: timed(*c))

        def generate(count):
            with torch.inference_mode(), torch.backends.mkldnn.flags(enabled=onednn):
                way(count)

        version = f"{torch.__version__} {way.__name__} {'with' if onednn else 'without'} oneDNN"
    else:
        import onnx
        import onnxruntime
        from onnx import TensorProto, helper, numpy_helper

        # ONNX has the gates in the order i, o, f, g.
        def ordered(w):
            i, f, g, o = np.split(w, 4)
            return np.concatenate([i, o, f, g])

        nodes = [helper.make_node("Gather", ["table", "token"], ["x0"])]
        initial = {"table": table, "head": head.T.copy(), "bias": bias}
        inputs = [helper.make_tensor_value_info("token", TensorProto.INT64, [1, 1])]
        outputs = [helper.make_tensor_value_info("scores", TensorProto.FLOAT, None)]
        for n in range(layers):
            initial[f"W{n}"] = ordered(weights[f"rnn.weight_ih_l{n}"])[None]
            initial[f"R{n}"] = ordered(weights[f"rnn.weight_hh_l{n}"])[None]
            initial[f"B{n}"] = np.concatenate(
                [ordered(weights[f"rnn.bias_ih_l{n}"]), ordered(weights[f"rnn.bias_hh_l{n}"])])[None]
            nodes += [
                helper.make_node("LSTM", [f"x{n}", f"W{n}", f"R{n}", f"B{n}", "", f"h{n}", f"c{n}"],
                                 [f"y{n}", f"h{n}o", f"c{n}o"], hidden_size=hidden),
                helper.make_node("Squeeze", [f"y{n}", "axis"], [f"x{n + 1}"]),
            ]
            for s in "hc":
                inputs.append(helper.make_tensor_value_info(f"{s}{n}", TensorProto.FLOAT, [1, 1, hidden]))
                outputs.append(helper.make_tensor_value_info(f"{s}{n}o", TensorProto.FLOAT, [1, 1, hidden]))
        initial["axis"] = np.array([1], dtype=np.int64)
        nodes += [helper.make_node("MatMul", [f"x{layers}", "head"], ["s"]),
                  helper.make_node("Add", ["s", "bias"], ["scores"])]
        graph = helper.make_graph(nodes, "g", inputs, outputs,
                                  [numpy_helper.from_array(v, k) for k, v in initial.items()])
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        session = onnxruntime.InferenceSession(model.SerializeToString(), options, ["CPUExecutionProvider"])
        names = [o.name for o in session.get_outputs()]
        zeros = {f"{s}{n}": np.zeros((1, 1, hidden), np.float32) for n in range(layers) for s in "hc"}

        def generate(count):
            feed, token = dict(zeros), 0
            for _ in range(count):
                feed["token"] = np.array([[token]], dtype=np.int64)
                found = dict(zip(names, session.run(names, feed)))
                token = choose(found["scores"].reshape(-1))
                for key in zeros:
                    feed[key] = found[key + "o"]

        version = onnxruntime.__version__
    print("ready", version, flush=True)
    for line in sys.stdin:
        began = time.perf_counter()
        generate(int(line))
        print(time.perf_counter() - began, flush=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("model")
    parser.add_argument("--peer-python", default=sys.executable)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--tokens", type=int, default=2000)
    parser.add_argument("--program", default=str(HERE.parent / ".build/release/recurrent"))
    parser.add_argument("--name", default="model")
    parser.add_argument("--weights", nargs="+", default=["float32", "float16", "int8"])
    parser.add_argument("--peer", choices=["torch", "onnxruntime"])
    arguments = parser.parse_args()
    if arguments.peer:
        return serve(arguments.peer, arguments.model)

    def ours(count, weights):
        done = subprocess.run(
            [arguments.program, "generate", arguments.model, "--tokens", str(count), "--temperature", "0.8", "--json",
             "--threads", "1", "--weights", weights], capture_output=True, text=True, check=True)
        return json.loads(done.stdout)["seconds"]

    peers = {kind: Worker([arguments.peer_python, __file__, arguments.model, "--peer", kind])
             for kind in ["torch", "onnxruntime"]}
    names = {weights: "recurrent" + ("" if weights == "float32" else " " + weights) for weights in arguments.weights}
    rows = []
    for peer in peers.values():
        peer.ask("200")
    for _ in range(arguments.rounds):
        row = {name: ours(arguments.tokens, weights) for weights, name in names.items()}
        for kind, peer in peers.items():
            row[kind] = float(peer.ask(str(arguments.tokens)))
        rows.append({kind: arguments.tokens / seconds for kind, seconds in row.items()})
    recipe = json.load(open(f"{arguments.model}/config.json"))["recipe"]
    result = {
        "name": arguments.name, "hidden": recipe["hidden_size"], "layers": recipe["layers"],
        "vocabulary": recipe["vocabulary"], "threads": 1, "rounds": arguments.rounds, "tokens": arguments.tokens,
        "tokens_per_second": {k: round(statistics.median(r[k] for r in rows)) for k in rows[0]},
        "times_faster": {name: {k: round(statistics.median(r[name] / r[k] for r in rows), 2) for k in peers}
                         for name in names.values()},
        "versions": {k: " ".join(p.greeting[1:]) for k, p in peers.items()}, "processor": cpu_name(),
        "command": f"python3 Benchmarks/generation.py MODEL --name {arguments.name}",
    }
    for peer in peers.values():
        peer.close()
    path = HERE / "results" / "generation.json"
    known = json.loads(path.read_text()) if path.exists() else []
    path.write_text(json.dumps([k for k in known if k["name"] != result["name"]] + [result], indent=2) + "\n")
    print(json.dumps(result, indent=2))


main()
