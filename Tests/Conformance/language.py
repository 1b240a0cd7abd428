"""Language models of this program beside PyTorch and PyPI's tokenizers, which read the same folder.

For each kind of token, depth and tying a small model is trained here. Its folder is then read by others: tokenizer.json by
`tokenizers`, model.safetensors by `safetensors` into torch.nn.Embedding, LSTM, GRU or RNN and Linear. The loss of a text that
PyTorch computes in float64 must be what `recurrent evaluate` prints, and the greedy continuation what `recurrent generate`
writes.
"""
import json
import os
import subprocess
import tempfile

import torch
from safetensors.torch import load_file
from tokenizers import Tokenizer

PROGRAM = os.environ["RECURRENT"]
SENTENCES = [
    "The ship left the harbour at noon, and the wind rose.",
    "«Où est la mer ?» asked the captain; nobody knew.",
    "船は正午に港を出た。 风起了。 😀",
    "She counted 17 gulls, 3 buoys and 1 lighthouse.",
]
TRAIN = "".join(SENTENCES[i * 7 % 4] + "\n" for i in range(150))
TEST = "".join(SENTENCES[i * 3 % 4] + "\n" for i in range(9))


def run(*arguments, cwd):
    done = subprocess.run([PROGRAM, *arguments], cwd=cwd, capture_output=True, text=True)
    assert done.returncode == 0, (arguments, done.stderr)
    return done.stdout


def read(folder):
    recipe = json.load(open(f"{folder}/config.json"))["recipe"]
    weights = {name: tensor.double() for name, tensor in load_file(f"{folder}/model.safetensors").items()}
    kind = {"lstm": torch.nn.LSTM, "gru": torch.nn.GRU, "rnn": torch.nn.RNN}[recipe["cell"]]
    sizes = [recipe["hidden_size"]] * recipe["layers"]
    if recipe["tied"]:
        sizes[-1] = recipe["embedding_size"]
    layers, width = [], recipe["embedding_size"]
    for index, size in enumerate(sizes):
        layer = kind(width, size).double()
        names = {f"{n}_l0": f"rnn.{n}_l{index}" for n in ["weight_ih", "weight_hh", "bias_ih", "bias_hh"]}
        layer.load_state_dict({ours: weights.pop(theirs) for ours, theirs in names.items()})
        layers.append(layer)
        width = size
    table = weights.pop("embedding.weight")
    head = table if recipe["tied"] else weights.pop("decoder.weight")
    bias = weights.pop("decoder.bias")
    assert not weights, sorted(weights)

    def scores(ids):
        x = table[torch.tensor(ids)].unsqueeze(1)
        for layer in layers:
            x, _ = layer(x)
        return (x @ head.T + bias).squeeze(1)

    return scores


def ids_of(tokenizer, text, by_line):
    if not by_line:
        return tokenizer.encode(text, add_special_tokens=False).ids
    end = tokenizer.token_to_id("<eos>")
    return [i for line in text.splitlines() for i in tokenizer.encode(line, add_special_tokens=False).ids + [end]]


def main():
    count, worst = 0, 0.0
    with tempfile.TemporaryDirectory() as place, torch.no_grad():
        for name, text in [("train", TRAIN), ("test", TEST)]:
            with open(f"{place}/{name}.txt", "w", encoding="utf-8") as file:
                file.write(text)
        for tokens in ["bytes", "characters", "words", "spaced", "bpe"]:
            for options in [[], ["--tied"], ["--layers", "3", "--weight-dropout", "0.3"], ["--cell", "gru"],
                            ["--cell", "rnn", "--layers", "1"]]:
                folder = f"{place}/{count}"
                run("train", "language", "train.txt", "--out", folder, "--tokens", tokens, "--hidden", "19",
                    "--embedding", "11", "--batch", "4", "--steps", "12", "--epochs", "2", "--vocabulary", "300",
                    "--learning-rate", "0.01", "--seed", str(count), "--quiet", *options, cwd=place)
                tokenizer = Tokenizer.from_file(f"{folder}/tokenizer.json")
                scores = read(folder)
                by_line = tokens in ["words", "spaced"]
                ids = ids_of(tokenizer, TEST, by_line)
                logs = torch.log_softmax(scores(ids[:-1]), dim=-1)
                loss = -logs[torch.arange(len(ids) - 1), torch.tensor(ids[1:])].mean().item()
                told = json.loads(run("evaluate", folder, "test.txt", "--json", cwd=place))["texts"][0]
                assert told["tokens"] == len(ids) - 1, (tokens, options, told, len(ids))
                worst = max(worst, abs(told["loss"] - loss))
                # Sums of float32 logarithms.
                assert abs(told["loss"] - loss) < 5e-6, (tokens, options, told, loss)
                if tokens == "characters":
                    prompt, written = "The ship", []
                    known = tokenizer.encode(prompt, add_special_tokens=False).ids
                    for _ in range(40):
                        last = scores(known + written)[-1]
                        last[tokenizer.token_to_id("<unk>")] = -torch.inf
                        written.append(int(last.argmax()))
                    text = run("generate", folder, "--prompt", prompt, "--tokens", "40", "--temperature", "0",
                               cwd=place)
                    expected = prompt + "".join(tokenizer.id_to_token(i) for i in written) + "\n"
                    assert text == expected, (options, text, expected)
                count += 1
    print(f"{count} language models: losses within {worst:.1e} nats of PyTorch's in float64, tokens and greedy texts equal")


main()
