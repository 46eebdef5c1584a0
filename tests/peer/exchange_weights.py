# SPDX-License-Identifier: MIT
"""Weights from Python to the library and back: exchange_weights.py write <folder> makes networks and what they compute;
exchange_weights.cpp reads both and writes its own; exchange_weights.py check <folder> reads those."""
import io
import sys

import torch
from torch import nn

import resnets
import safetensors_file

# A network, the dtype of its weights in the file, and the side of its images.
NETWORKS = {
    "resnet18": (resnets.ImageNetResNet, torch.float32, 64),
    "resnet34": (lambda: resnets.ImageNetResNet((3, 4, 6, 3)), torch.bfloat16, 64),
    "narrow": (lambda: resnets.ImageNetResNet(classes=5, width=8), torch.float16, 64),
    "resnet20": (resnets.CifarResNet, torch.float32, 32),
}


def write(folder):
    torch.manual_seed(5)
    for name, (make, dtype, side) in NETWORKS.items():
        network, images = make(), torch.randn(4, 3, side, side)
        for parameter in network.parameters():
            if parameter.dim() == 1:  # else all that normalises would be the same
                nn.init.uniform_(parameter, 0.5, 1.5)
        network(images)  # moves the running statistics
        network.eval()
        weights = {key: value.to(dtype) if value.is_floating_point() else value
                   for key, value in network.state_dict().items()}
        network.load_state_dict(weights)  # rounded as they are in the file
        safetensors_file.save(weights, f"{folder}/{name}.safetensors")
        with torch.no_grad():
            safetensors_file.save({"images": images, "logits": network(images)}, f"{folder}/{name}.outputs.safetensors")


def saved(script):
    """As docs/deploying.md says: what is loaded of it needs no class."""
    file = io.BytesIO()
    torch.jit.save(script, file)
    file.seek(0)
    return torch.jit.load(file)


def check(folder):
    for name, (make, _, _) in NETWORKS.items():
        network = make()
        network.load_state_dict(safetensors_file.load(f"{folder}/{name}.back.safetensors"), strict=True)
        network.eval()
        data = safetensors_file.load(f"{folder}/{name}.back.outputs.safetensors")
        images, logits = data["images"], data["logits"]
        kinds = {"PyTorch": network, "TorchScript": saved(torch.jit.script(network)),
                 "a trace": saved(torch.jit.trace(network, images[:1]))}
        for kind, module in kinds.items():
            with torch.no_grad():
                worst = ((module(images) - logits).abs().max() / logits.abs().max().clamp_min(1)).item()
            if not worst <= 1e-5:
                sys.exit(f"{name} of the library in {kind}: logits differ by {worst:.3g}")
        print(f"{name} of the library: its logits are those of PyTorch, TorchScript and a trace")


{"write": write, "check": check}[sys.argv[1]](sys.argv[2])
