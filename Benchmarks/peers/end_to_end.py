"""PyTorch behind the same line protocol as EndToEnd. First argument: the number of threads; those after it are commands.

    characters PATH [WEIGHTS]  -> updates of an epoch; the initial weights come from a safetensors file where one is named
    forecast PLAN              -> updates that the plan holds: the networks of the default forecaster, from EndToEnd's plan
    steps N                    -> the seconds of N updates, the monotonic clock after them, their losses
    usage                      -> the peak of the resident memory in bytes
    softmax N V H SECONDS      -> seconds of every evaluation of linear and cross_entropy with all gradients
    version                    -> versions, as JSON

No value is read from a tensor between the updates of a command; the optimizer is the fused one, clipping runs over all
gradients at once, gradients are freed rather than zeroed, and denormal numbers count as zero, as they do here.
"""
import json
import resource
import sys
import time

import torch
import torch.nn.functional as F

torch.set_num_threads(int(sys.argv[1]) if len(sys.argv) > 1 else 1)
torch.set_flush_denormal(True)


class CharacterModel(torch.nn.Module):
    def __init__(self, vocabulary, embedding_size, hidden_size):
        super().__init__()
        self.embedding = torch.nn.Embedding(vocabulary, embedding_size)
        self.lstm = torch.nn.LSTM(embedding_size, hidden_size)
        self.head = torch.nn.Linear(hidden_size, vocabulary)


class CharacterRun:
    steps, streams, embedding_size, hidden_size = 128, 64, 128, 512

    def __init__(self, path, weights=None):
        text = torch.frombuffer(bytearray(open(path, "rb").read()), dtype=torch.uint8)
        codes = torch.unique(text)
        table = torch.zeros(256, dtype=torch.int64)
        table[codes.long()] = torch.arange(len(codes))
        tokens = table[text.long()]
        length = (len(tokens) - 1) // self.streams
        # [streams, length] seen as [length, streams]: a step's batch is a view.
        self.inputs = tokens[: length * self.streams].view(self.streams, length).t().contiguous()
        self.targets = tokens[1 : length * self.streams + 1].view(self.streams, length).t().contiguous()
        self.per_epoch = length // self.steps
        self.model = CharacterModel(len(codes), self.embedding_size, self.hidden_size)
        if weights:
            from safetensors.torch import load_file

            self.model.load_state_dict(load_file(weights))
        self.parameters = list(self.model.parameters())
        self.optimizer = torch.optim.Adam(self.parameters, lr=2e-3, fused=True)
        self.position, self.state = 0, None

    def step(self):
        if self.position == self.per_epoch:
            self.position, self.state = 0, None
        rows = slice(self.position * self.steps, (self.position + 1) * self.steps)
        self.position += 1
        self.optimizer.zero_grad(set_to_none=True)
        hidden, state = self.model.lstm(self.model.embedding(self.inputs[rows]), self.state)
        self.state = tuple(part.detach() for part in state)
        scores = self.model.head(hidden)
        loss = F.cross_entropy(scores.view(-1, scores.shape[-1]), self.targets[rows].reshape(-1))
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.parameters, 1.0, foreach=True)
        self.optimizer.step()
        return loss.detach()


class ForecastNetwork(torch.nn.Module):
    """Segments of the window through an LSTM, one more step for each segment of the horizon, and a linear path beside it."""

    def __init__(self, recipe):
        super().__init__()
        self.recipe = recipe
        size, hidden, segment = recipe["embedding_size"], recipe["hidden_size"], recipe["segment"]
        self.decoded = -(-recipe["horizon"] // segment)
        self.input = torch.nn.Linear(segment, size)
        self.lstm = torch.nn.LSTM(size, hidden)
        self.position = torch.nn.Parameter(torch.zeros(self.decoded, size))
        self.identity = torch.nn.Embedding(len(recipe["series"]), size)
        self.head = torch.nn.Linear(hidden, segment * 9)
        self.highway = torch.nn.Linear(recipe["lookback"], recipe["horizon"])

    def forward(self, window, series):
        batch, segment = window.shape[0], self.recipe["segment"]
        encoded = self.input(window.view(batch, -1, segment).transpose(0, 1)).relu()
        _, (h, c) = self.lstm(encoded)
        query = self.position[:, None] + self.identity(series)[None]
        h, c = (part.expand(self.decoded, -1, -1).reshape(1, self.decoded * batch, -1) for part in (h, c))
        last, _ = self.lstm(query.reshape(1, self.decoded * batch, -1), (h, c))
        last = F.dropout(last[0], self.recipe["dropout"], self.training)
        made = self.head(last).view(self.decoded, batch, segment, 9).transpose(0, 1).reshape(batch, -1, 9)
        return made[:, : self.recipe["horizon"]] + self.highway(window)[..., None]


class ForecastRun:
    """Every network of the ensemble; windows are cut and scaled from the series in each update, all rows at once."""

    def __init__(self, path):
        from safetensors import safe_open

        with safe_open(path, "pt") as file:
            about = file.metadata()
            tensors = {name: file.get_tensor(name) for name in file.keys()}
        recipe = json.loads(about["recipe"])
        self.recipe, self.rates, self.position = recipe, tensors["rates"].tolist(), 0
        self.per_epoch = len(self.rates)
        self.levels = torch.tensor([0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9])
        lookback, horizon = recipe["lookback"], recipe["horizon"]
        values = tensors["values"]
        # Room before the beginning and after the end, so that every index is valid.
        self.values = F.pad(values, (lookback, horizon))
        self.past = torch.arange(lookback)
        self.ahead = torch.arange(lookback, lookback + horizon)
        self.networks = []
        for index in range(int(about["networks"])):
            prefix = f"{index}."
            scale = "judge" if index < int(about["judges"]) else "all"
            network = ForecastNetwork(recipe)
            order = tensors[prefix + "order"].long()
            network.load_state_dict(
                {k[len(prefix):]: v for k, v in tensors.items() if k.startswith(prefix) and k != prefix + "order"})
            parameters = list(network.parameters())
            optimizer = torch.optim.Adam(parameters, lr=recipe["learning_rate"], fused=True)
            scales = [tensors[f"{scale}.{name}"] for name in ["deviation", "naive_error", "ends"]]
            self.networks.append((network, parameters, optimizer, order, scales))

    def batch(self, cuts, scales):
        deviation, naive, ends = scales
        series, cut = cuts.unbind(1)
        lookback = self.recipe["lookback"]
        window = self.values[series[:, None], cut[:, None] + self.past]
        seen = (cut[:, None] + self.past >= lookback).double()
        count = seen.sum(1)
        level = window[:, -1:]
        mean = ((window * seen).sum(1) / count)[:, None]
        square = (((window - mean) * seen).square().sum(1) / count)[:, None]
        width = square.sqrt() + 0.02 * deviation[series][:, None]
        scaled = (((window - level) / width).clamp(-20, 20) * seen).float()
        target = ((self.values[series[:, None], cut[:, None] + self.ahead] - level) / width).float()
        weight = (width / naive[series][:, None]).clamp(max=10).sqrt().float()
        known = cut[:, None] + self.ahead - lookback < ends[series][:, None]
        return scaled, series, target, weight * known

    def step(self):
        losses = []
        for network, parameters, optimizer, order, scales in self.networks:
            window, series, target, weight = self.batch(order[self.position], scales)
            optimizer.zero_grad(set_to_none=True)
            error = target[..., None] - network(window, series)
            pinball = torch.maximum(self.levels * error, (self.levels - 1) * error).sum(-1) * (2 / 9)
            loss = (weight * pinball).sum() / (weight > 0).sum()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(parameters, 1.0, foreach=True)
            optimizer.param_groups[0]["lr"] = self.rates[self.position]
            optimizer.step()
            losses.append(loss.detach())
        self.position += 1
        return torch.stack(losses)


def softmax_times(n, v, h, limit):
    hidden = torch.randn(n, h, requires_grad=True)
    weight = (torch.randn(v, h) * 0.05).requires_grad_()
    bias = torch.zeros(v, requires_grad=True)
    targets = torch.arange(n) * 7919 % v
    times = []
    start = time.perf_counter()
    while len(times) < 3 or time.perf_counter() - start < limit:
        before = time.perf_counter()
        hidden.grad = weight.grad = bias.grad = None
        F.cross_entropy(F.linear(hidden, weight, bias), targets).backward()
        times.append(time.perf_counter() - before)
    return times


run = None


def perform(line):
    global run
    words = line.split()
    if words[0] == "characters":
        run = CharacterRun(*words[1:])
        return run.per_epoch
    if words[0] == "forecast":
        run = ForecastRun(words[1])
        return run.per_epoch
    if words[0] == "steps":
        start = time.monotonic()
        losses = [run.step() for _ in range(int(words[1]))]
        end = time.monotonic()
        return " ".join(map(str, [end - start, end] + torch.stack(losses).flatten().tolist()))
    if words[0] == "usage":
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    if words[0] == "softmax":
        return " ".join(map(str, softmax_times(*map(int, words[1:4]), float(words[4]))))
    if words[0] == "version":
        return json.dumps({"torch": torch.__version__, "capability": torch.backends.cpu.get_cpu_capability()})
    return "error: no command"


print("ready torch", flush=True)
for line in sys.argv[2:]:
    print(perform(line), flush=True)
for line in sys.stdin:
    print(perform(line), flush=True)
