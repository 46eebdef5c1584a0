# SPDX-License-Identifier: MIT
"""TorchScript networks to the library and back: exchange_scripts.py write|check <folder>. Written are a scripted and a
traced network with what they return; checked is the scripted one after the library trained it."""
import os
import sys
import warnings
from typing import NamedTuple

import torch
from torch import nn

import safetensors_file

warnings.filterwarnings("ignore", category=DeprecationWarning)  # TorchScript is old, and people have it


class Answer(NamedTuple):
    logits: torch.Tensor
    features: torch.Tensor


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, 8, 3, 2, 1, bias=False), nn.BatchNorm2d(8), nn.ReLU())
        self.drop, self.head = nn.Dropout(0.5), nn.Linear(8, 5)

    def forward(self, x):
        features = self.stem(x)
        return Answer(logits=self.head(self.drop(features.mean((2, 3)))), features=features)


def write(folder):
    torch.manual_seed(3)
    net = Net()
    images = torch.randn(6, 3, 16, 16)
    with torch.no_grad():
        net(images)  # moves the running statistics
        torch.jit.script(net).save(os.path.join(folder, "scripted.pt"))
        net.eval()
        plain = nn.Sequential(net.stem, nn.AdaptiveAvgPool2d(1), nn.Flatten(), net.head).eval()
        torch.jit.trace(plain, images).save(os.path.join(folder, "traced.pt"))
        torch.jit.freeze(torch.jit.script(plain)).save(os.path.join(folder, "frozen.pt"))
        answer = net(images)
    safetensors_file.save({"images": images, "logits": answer.logits, "features": answer.features},
                          os.path.join(folder, "outputs.safetensors"))


def check(folder):
    net = torch.jit.load(os.path.join(folder, "trained.pt")).eval()
    expected = safetensors_file.load(os.path.join(folder, "trained.safetensors"))
    with torch.no_grad():
        logits = net(expected["images"]).logits
    worst = (logits - expected["logits"]).abs().max().item()
    print(f"the trained script's logits agree to {worst:.3g}")
    if not worst < 1e-5:
        sys.exit("they differ")
    # The names are those of the Python class, so the weights fit it, too.
    plain = Net().eval()
    plain.load_state_dict(net.state_dict())
    with torch.no_grad():
        if not torch.allclose(plain(expected["images"]).logits, logits, atol=1e-5):
            sys.exit("the class with the trained weights differs")


{"write": write, "check": check}[sys.argv[1]](sys.argv[2])
