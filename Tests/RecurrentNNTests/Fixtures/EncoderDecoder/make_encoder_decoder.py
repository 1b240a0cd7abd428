"""Writes the golden files of the encoder and decoder with PyTorch (torch==2.13.0, safetensors): python make_encoder_decoder.py

The network is put together from torch.nn modules under the same parameter names, run sentence by sentence without padding.
A file holds the weights (w.), the pairs, the loss of plain and of smoothed cross entropy, the gradients of the smoothed one
(grad.), the scores of every next token, the attention, and the answers that an exhaustive search ranks best. All in float64.
"""
import itertools

import torch
from safetensors.torch import save_file
from torch import nn

torch.set_num_threads(1)
torch.manual_seed(17)
torch.set_default_dtype(torch.float64)


class Network(nn.Module):
    def __init__(self, sources, targets, E, H, encoder_layers, decoder_layers, shared, tied):
        super().__init__()
        self.source_embedding = nn.Embedding(sources, E)
        self.target_embedding = self.source_embedding if shared else nn.Embedding(targets, E)
        self.encoder = nn.LSTM(E, H, encoder_layers, bidirectional=True)
        self.hidden_bridges = nn.ModuleList(nn.Linear(2 * H, H) for _ in range(decoder_layers))
        self.cell_bridges = nn.ModuleList(nn.Linear(2 * H, H) for _ in range(decoder_layers))
        self.decoder_lower = nn.LSTM(E, H)
        self.attention = nn.Linear(2 * H, H, bias=False)
        self.decoder_upper = nn.LSTM(3 * H, H, decoder_layers - 1) if decoder_layers > 1 else None
        self.readout = nn.Linear(3 * H, E)
        self.output = nn.Linear(E, targets)
        if tied:
            self.output.weight = self.target_embedding.weight
        self.tied = tied

    def forward(self, source, tokens):
        """The scores after each token, [T, V], and the attention, [T, K], of one sentence."""
        a, (h, c) = self.encoder(self.source_embedding(source)[:, None])
        top = torch.cat([h[-2], h[-1]], 1), torch.cat([c[-2], c[-1]], 1)
        h0 = torch.stack([torch.tanh(bridge(top[0])) for bridge in self.hidden_bridges])
        c0 = torch.stack([bridge(top[1]) for bridge in self.cell_bridges])
        u, _ = self.decoder_lower(self.target_embedding(tokens)[:, None], (h0[:1], c0[:1]))
        w = (u[:, 0] @ self.attention(a[:, 0]).T).softmax(1)
        v = w @ a[:, 0]
        z = u
        if self.decoder_upper is not None:
            z, _ = self.decoder_upper(torch.cat([u, v[:, None]], 2), (h0[1:].contiguous(), c0[1:].contiguous()))
        return self.output(torch.tanh(self.readout(torch.cat([z[:, 0], v], 1)))), w

    def named(self):
        result = {}
        for name, value in self.named_parameters():
            if name == "output.weight":
                name = "output_weight"
            result[name.replace("output.bias", "output_bias")] = value
        return result


def write(name, sources, targets, E, H, encoder_layers, decoder_layers, shared, tied, pairs):
    network = Network(sources, targets, E, H, encoder_layers, decoder_layers, shared, tied)
    with torch.no_grad():
        network.output.bias.copy_(torch.randn(targets) * 0.3)
        # Sharper than at the beginning of training, so that beams differ from greedy answers.
        for table in {network.source_embedding, network.target_embedding}:
            table.weight.mul_(1.5)
    begin, end = 1, 0
    tensors = {}
    plain, smoothed, count = 0, 0, 0
    for index, (source, target) in enumerate(pairs):
        scores, attention = network(torch.tensor(source), torch.tensor([begin] + target))
        wanted = torch.tensor(target + [end])
        plain = plain + nn.functional.cross_entropy(scores, wanted, reduction="sum")
        smoothed = smoothed + nn.functional.cross_entropy(scores, wanted, reduction="sum", label_smoothing=0.1)
        count += len(wanted)
        tensors |= {
            f"source.{index}": torch.tensor(source, dtype=torch.int32), f"scores.{index}": scores,
            f"target.{index}": torch.tensor(target, dtype=torch.int32), f"attention.{index}": attention,
        }
    tensors |= {"loss": plain / count, "smoothed": smoothed / count}
    (smoothed / count).backward()
    for key, value in network.named().items():
        tensors |= {f"w.{key}": value, f"grad.{key}": value.grad}
    # Every answer of up to `longest` tokens with its probability; tokens 1 and 2 are never part of one.
    longest = 4
    usable = [t for t in range(targets) if t > 2]
    with torch.no_grad():
        for index, (source, _) in enumerate(pairs):
            found = []
            prefixes = [([], 0.0)]
            for length in range(longest + 1):
                grown = []
                for prefix, log_probability in prefixes:
                    after = network(torch.tensor(source), torch.tensor([begin] + prefix))[0][-1].log_softmax(0)
                    found.append((prefix, log_probability + after[end].item()))
                    if length < longest:
                        grown += [(prefix + [t], log_probability + after[t].item()) for t in usable]
                prefixes = grown
            for alpha, label in [(0.0, "plain"), (0.8, "normalised")]:
                ranked = sorted(found, key=lambda f: -f[1] / ((5 + len(f[0]) + 1) / 6) ** alpha)[:3]
                for rank, (answer, log_probability) in enumerate(ranked):
                    tensors[f"{label}.{index}.{rank}"] = torch.tensor(answer + [-1] * (longest - len(answer)), dtype=torch.int32)
                    tensors[f"{label}.{index}.{rank}.logp"] = torch.tensor(log_probability)
            greedy, tokens = [], [begin]
            while len(greedy) < longest:
                after = network(torch.tensor(source), torch.tensor(tokens))[0][-1]
                after[[1, 2]] = float("-inf")
                token = int(after.argmax())
                if token == end:
                    break
                greedy.append(token)
                tokens.append(token)
            tensors[f"greedy.{index}"] = torch.tensor(greedy + [-1] * (longest - len(greedy)), dtype=torch.int32)
    save_file({k: v.detach().clone().contiguous() for k, v in tensors.items()}, f"{name}.safetensors")


write("separate", 9, 7, 5, 4, 2, 3, False, False, [([3, 8, 1, 2], [4, 3]), ([5], [6, 6, 3, 5]), ([7, 7, 2], [])])
write("shared", 7, 7, 4, 3, 1, 2, True, True, [([3, 6, 4], [4, 3, 5]), ([5, 0], [6])])
write("one_layer", 6, 7, 4, 5, 1, 1, False, True, [([3, 1, 4, 5, 2], [3]), ([2, 2], [4, 5, 6, 3, 3])])
