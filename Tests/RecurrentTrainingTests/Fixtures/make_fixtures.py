"""Writes optimizers.safetensors with PyTorch (torch==2.13.0, safetensors): python make_fixtures.py

Two parameters follow gradients in closed form, g_t = sin(0.1 t + index) + 0.1 w, for 100 steps of each optimizer; and the
learning rates of the schedules.
"""
import torch
from safetensors.torch import save_file

torch.set_num_threads(1)
tensors = {}


def run(name, make):
    weight = torch.nn.Parameter(torch.cos(torch.arange(12.0)).reshape(3, 4).clone())
    bias = torch.nn.Parameter(torch.sin(torch.arange(5.0)).clone())
    optimizer = make(weight, bias)
    for step in range(100):
        for p in (weight, bias):
            index = torch.arange(p.numel(), dtype=torch.float32).reshape(p.shape)
            p.grad = torch.sin(0.1 * step + index) + 0.1 * p.detach()
        optimizer.step()
    tensors[name + ".weight"], tensors[name + ".bias"] = weight.detach().clone(), bias.detach().clone()


run("sgd", lambda w, b: torch.optim.SGD([w, b], lr=0.05))
run("momentum", lambda w, b: torch.optim.SGD([w, b], lr=0.05, momentum=0.9))
run("nesterov", lambda w, b: torch.optim.SGD([w, b], lr=0.05, momentum=0.9, nesterov=True))
run("sgd_decay", lambda w, b: torch.optim.SGD([w, b], lr=0.05, momentum=0.9, weight_decay=0.01))
run("adam", lambda w, b: torch.optim.Adam([w, b], lr=0.02))
run("adam_decay", lambda w, b: torch.optim.Adam([w, b], lr=0.02, weight_decay=0.01))
run("adamw", lambda w, b: torch.optim.AdamW([w, b], lr=0.02, weight_decay=0.05))
run("adamw_groups", lambda w, b: torch.optim.AdamW([dict(params=[w], weight_decay=0.05), dict(params=[b], weight_decay=0)], lr=0.02))


def schedule(name, make, steps=60):
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
    scheduler = make(optimizer)
    rates = []
    for _ in range(steps):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    tensors["schedule." + name] = torch.tensor(rates, dtype=torch.float64)


S = torch.optim.lr_scheduler
schedule("step", lambda o: S.StepLR(o, step_size=7, gamma=0.3))
schedule("cosine", lambda o: S.CosineAnnealingLR(o, T_max=60))
schedule("one_cycle", lambda o: S.OneCycleLR(o, max_lr=1.0, total_steps=60))

optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
plateau = S.ReduceLROnPlateau(optimizer, factor=0.5, patience=2)
metrics = [5, 4, 4, 4.5, 4, 4, 3, 3.5, 3.2, 3.1, 3.3, 2.9, 2.9, 2.9, 2.9, 2.9]
rates = []
for metric in metrics:
    plateau.step(metric)
    rates.append(optimizer.param_groups[0]["lr"])
tensors["plateau.metrics"], tensors["plateau.rates"] = torch.tensor(metrics, dtype=torch.float64), torch.tensor(rates, dtype=torch.float64)

a, b = torch.randn(3, 4, generator=torch.Generator().manual_seed(1)) * 3, torch.randn(5, generator=torch.Generator().manual_seed(2))
tensors["clip.a"], tensors["clip.b"] = a.clone(), b.clone()
pa, pb = torch.nn.Parameter(a.clone()), torch.nn.Parameter(b.clone())
pa.grad, pb.grad = a.clone(), b.clone()
norm = torch.nn.utils.clip_grad_norm_([pa, pb], 1.5)
tensors["clip.norm"] = norm.detach().reshape(1)
tensors["clip.clipped_a"], tensors["clip.clipped_b"] = pa.grad, pb.grad
save_file({k: v.contiguous() for k, v in tensors.items()}, "optimizers.safetensors")
