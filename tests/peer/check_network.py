# SPDX-License-Identifier: MIT
"""Reads a network that save_for_python wrote into a ResNet-8 of PyTorch, and compares its outputs:
check_network.py network <file>, where <file>.network has the weights and <file> inputs, features and logits."""
import sys

import torch
from torch import nn


class Block(nn.Module):
    def __init__(self, channels_in, channels, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(channels_in, channels, 3, stride, 1, bias=False)
        self.norm1 = nn.BatchNorm2d(channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, 1, 1, bias=False)
        self.norm2 = nn.BatchNorm2d(channels)
        self.stride, self.more = stride, channels - channels_in

    def forward(self, x):
        y = self.norm2(self.conv2(torch.relu(self.norm1(self.conv1(x)))))
        x = x[:, :, ::self.stride, ::self.stride]
        before = self.more // 2
        return torch.relu(y + nn.functional.pad(x, (0, 0, 0, 0, before, self.more - before)))


class ResNet8(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.ModuleDict({"conv": nn.Conv2d(3, 16, 3, 1, 1, bias=False), "norm": nn.BatchNorm2d(16)})
        self.group1 = nn.Sequential(Block(16, 16, 1))
        self.group2 = nn.Sequential(Block(16, 32, 2))
        self.group3 = nn.Sequential(Block(32, 64, 2))
        self.head = nn.Linear(64, 10)

    def forward(self, x):
        x = torch.relu(self.stem["norm"](self.stem["conv"](x)))
        features = self.group3(self.group2(self.group1(x)))
        return features, self.head(features.mean((2, 3)))


def main():
    file = sys.argv[2]
    network = ResNet8()
    network.load_state_dict(torch.load(file + ".network"))  # strict: every name must be there, and no other
    network.eval()
    expected = torch.load(file)
    with torch.no_grad():
        features, logits = network(expected["inputs"])
    for name, ours in (("features", features), ("logits", logits)):
        worst = (ours - expected[name]).abs().max().item()
        if not worst < 1e-5:
            sys.exit(f"{name} differ by {worst:.3g}")
        print(f"{name} agree to {worst:.3g}")


main()
