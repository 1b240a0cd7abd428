"""Writes adaptive_softmax.safetensors: PyTorch's AdaptiveLogSoftmaxWithLoss in float64, with its gradients.

    python make_adaptive_softmax.py
"""

import pathlib

import torch
from safetensors.torch import save_file

torch.manual_seed(0)
torch.set_default_dtype(torch.float64)
values = {}
for name, bias in [("plain", False), ("bias", True)]:
    module = torch.nn.AdaptiveLogSoftmaxWithLoss(12, 40, [5, 11, 30], div_value=2.0, head_bias=bias)
    x = torch.cos(torch.arange(9 * 12) * 0.7).reshape(9, 12).requires_grad_()
    # Every cluster but the last occurs; the borders are among the targets.
    targets = torch.tensor([0, 4, 5, 10, 11, 29, 3, 7, 11])
    loss = module(x, targets).loss
    loss.backward()
    for key, parameter in module.named_parameters():
        values[f"{name}.{key}"] = parameter.detach()
        gradient = parameter.grad
        values[f"{name}.d.{key}"] = torch.zeros_like(parameter) if gradient is None else gradient
    values |= {f"{name}.x": x.detach(), f"{name}.d.x": x.grad, f"{name}.loss": loss.detach()}
    values |= {f"{name}.log_prob": module.log_prob(x).detach(), f"{name}.targets": targets.int()}
save_file({k: v.contiguous() for k, v in values.items()}, pathlib.Path(__file__).with_name("adaptive_softmax.safetensors"))
