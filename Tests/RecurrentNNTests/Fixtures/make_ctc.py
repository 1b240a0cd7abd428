"""Writes ctc.safetensors: PyTorch's log_softmax and ctc_loss in float64, with the gradient with respect to the logits.

    python3 make_ctc.py
"""
import torch
from safetensors.torch import save_file

tensors = {}
for name, blank, options in [
    ("none", 0, dict(reduction="none")), ("sum", 0, dict(reduction="sum")), ("mean", 0, dict(reduction="mean")),
    ("blank", 3, dict(reduction="mean")), ("infeasible", 0, dict(reduction="mean", zero_infinity=True)),
]:
    generator = torch.Generator().manual_seed(len(tensors))
    T, B, K = 23, 5, 7
    logits = (3 * torch.randn(T, B, K, generator=generator, dtype=torch.float64)).requires_grad_()
    lengths = torch.tensor([23, 17, 9, 23, 5])
    counts = torch.tensor([9, 0, 4, 11, 5 if name == "infeasible" else 2])
    labels = torch.tensor([k for k in range(K) if k != blank])
    targets = labels[torch.randint(0, K - 1, (int(counts.sum()),), generator=generator)]
    if name == "infeasible":
        targets[-5:] = labels[0]
    loss = torch.nn.functional.ctc_loss(logits.log_softmax(-1), targets, lengths, counts, blank=blank, **options)
    upstream = torch.randn(loss.shape, generator=generator, dtype=torch.float64) if name == "none" else torch.ones_like(loss)
    loss.backward(upstream)
    values = dict(logits=logits.detach(), lengths=lengths.int(), targets=targets.int(), target_lengths=counts.int(),
                  loss=loss.detach().reshape(-1), gradient=logits.grad, upstream=upstream.reshape(-1))
    tensors |= {f"{name}.{key}": value.contiguous() for key, value in values.items()}
save_file(tensors, "ctc.safetensors")
