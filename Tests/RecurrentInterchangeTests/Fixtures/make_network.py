"""Writes version-1-network, a model folder of the first version of its format, with an input and PyTorch's output for it.

    RECURRENT=.build/release/recurrent python3 make_network.py

Needs torch==2.13.0, numpy and safetensors. A folder of a version stays as it is once that version is released: make another
beside it for the next.
"""
import os
import pathlib
import subprocess
import tempfile

import numpy
import torch
from safetensors.torch import save_file

here = pathlib.Path(__file__).resolve().parent
torch.manual_seed(7)


class Tagger(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = torch.nn.Embedding(11, 3)
        self.lstm = torch.nn.LSTM(3, 5, 2, bidirectional=True, proj_size=2)
        self.norm = torch.nn.LayerNorm(4)
        self.fc = torch.nn.Linear(4, 3)

    def forward(self, tokens):
        return self.fc(self.norm(self.lstm(self.embedding(tokens))[0]))


model = Tagger().eval()
tokens = torch.randint(0, 11, (6, 2), dtype=torch.int32)
with tempfile.TemporaryDirectory() as folder:
    state = folder + "/state.safetensors"
    save_file(model.state_dict(), state)
    subprocess.run(
        [os.environ["RECURRENT"], "import", state, "--out", here / "version-1-network", "--order",
         "embedding,lstm,norm,fc", "--quiet"], check=True)
numpy.save(here / "version-1-network.tokens.npy", tokens.numpy())
numpy.save(here / "version-1-network.output.npy", model(tokens).detach().numpy())
