#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The steps of steps.cpp as a good user writes them in eager PyTorch: one forward per network, both gradients by
autograd.grad, torch.optim. Prints a line per recipe: name, first quartile, median and third quartile in milliseconds.

    pytorch_steps.py --depth 8 --batch 32 --threads 2 --steps 15 [--channels-last]
"""
import argparse
import time

import torch
import torch.nn as nn
import torch.nn.functional as F

TEMPERATURE = 3.0


class Block(nn.Module):
    def __init__(self, cin, cout, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(cin, cout, 3, stride, 1, bias=False)
        self.norm1 = nn.BatchNorm2d(cout)
        self.conv2 = nn.Conv2d(cout, cout, 3, 1, 1, bias=False)
        self.norm2 = nn.BatchNorm2d(cout)
        self.stride, self.extra = stride, cout - cin

    def forward(self, x):
        y = F.relu_(self.norm1(self.conv1(x)))
        y = self.norm2(self.conv2(y))
        if self.stride > 1:
            x = x[:, :, ::self.stride, ::self.stride]
        if self.extra:
            before = self.extra // 2
            x = F.pad(x, (0, 0, 0, 0, before, self.extra - before))
        return F.relu_(y + x)


class ResNet(nn.Module):
    def __init__(self, depth, width):
        super().__init__()
        n = (depth - 2) // 6
        self.stem = nn.Sequential(nn.Conv2d(3, width, 3, 1, 1, bias=False), nn.BatchNorm2d(width), nn.ReLU(True))
        blocks, cin = [], width
        for group, cout in enumerate((width, 2 * width, 4 * width)):
            for i in range(n):
                blocks.append(Block(cin, cout, 2 if group and i == 0 else 1))
                cin = cout
        self.blocks = nn.Sequential(*blocks)
        self.head = nn.Linear(cin, 10)

    def forward(self, x):
        f = self.blocks(self.stem(x))
        return f, self.head(f.mean((2, 3)))


class Discriminator(nn.Module):
    def __init__(self, channels, side):
        super().__init__()
        half = (side + 1) // 2
        self.layers = nn.Sequential(nn.Conv2d(channels, 64, 3, 2, 1, bias=False), nn.BatchNorm2d(64),
                                    nn.LeakyReLU(0.2, True), nn.Conv2d(64, 1, half))

    def forward(self, x):
        return torch.sigmoid(self.layers(x).flatten())


def kl(student, teacher):
    return F.kl_div(student, teacher, reduction="batchmean", log_target=True) * TEMPERATURE**2


def sgd(net):
    return torch.optim.SGD(net.parameters(), 0.1, momentum=0.9, weight_decay=1e-4)


def adam(net):
    return torch.optim.Adam(net.parameters(), 2e-5, weight_decay=0.1)


def update(optimizer, parameters, gradients):
    for p, g in zip(parameters, gradients):
        p.grad = g
    optimizer.step()
    optimizer.zero_grad(set_to_none=True)


def make_step(recipe, edges, networks, side, width):
    """edges: (teacher, student) pairs."""
    judges = [Discriminator(4 * width, side // 4) for _ in edges] if recipe == "afd" else []
    parameters = [list(net.parameters()) for net in networks]
    judge_parameters = [list(judge.parameters()) for judge in judges]
    sgds, adams = [sgd(net) for net in networks], [adam(net) for net in networks]
    judge_adams = [adam(judge) for judge in judges]

    def step(x, y):
        outputs = [net(x) for net in networks]
        logit = [F.cross_entropy(z, y) for _, z in outputs]
        feature = [None] * len(networks)
        judge_losses = []
        tempered = [F.log_softmax(z / TEMPERATURE, 1) for _, z in outputs] if recipe != "l1" else None
        for e, (teacher, student) in enumerate(edges):
            if recipe != "l1":
                logit[student] = logit[student] + kl(tempered[student], tempered[teacher].detach())
            if recipe == "l1":
                feature[student] = F.l1_loss(outputs[student][0], outputs[teacher][0].detach())
            if recipe == "afd":
                real, fake = judges[e](outputs[teacher][0].detach()), judges[e](outputs[student][0])
                judge_losses.append((1 - real).square().mean() + fake.square().mean())
                feature[student] = (1 - fake).square().mean()
        logit_gradients = [torch.autograd.grad(loss, p, retain_graph=feature[k] is not None)
                           for k, (loss, p) in enumerate(zip(logit, parameters))]
        judge_gradients = [torch.autograd.grad(loss, p, retain_graph=True)
                           for loss, p in zip(judge_losses, judge_parameters)]
        feature_gradients = [torch.autograd.grad(loss, p, allow_unused=True) if loss is not None else None
                             for loss, p in zip(feature, parameters)]
        for k in range(len(networks)):
            update(sgds[k], parameters[k], logit_gradients[k])
            if feature_gradients[k] is not None:
                update(adams[k], parameters[k], feature_gradients[k])
        for optimizer, p, g in zip(judge_adams, judge_parameters, judge_gradients):
            update(optimizer, p, g)

    return step


def main():
    parser = argparse.ArgumentParser()
    for name, value in (("depth", 8), ("batch", 32), ("threads", 2), ("steps", 15), ("side", 32), ("width", 16)):
        parser.add_argument(f"--{name}", type=int, default=value)
    parser.add_argument("--channels-last", action="store_true")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.manual_seed(1)
    x, y = torch.randn(options.batch, 3, options.side, options.side), torch.randint(10, (options.batch,))
    if options.channels_last:
        x = x.to(memory_format=torch.channels_last)
    pair, cycle = [(0, 1), (1, 0)], [(0, 1), (1, 2), (2, 0)]
    for name, recipe, edges, count in (("DML pair", "dml", pair, 2), ("AFD pair", "afd", pair, 2),
                                       ("L1 pair", "l1", pair, 2), ("AFD cycle of 3", "afd", cycle, 3)):
        networks = [ResNet(options.depth, options.width) for _ in range(count)]
        if options.channels_last:
            networks = [net.to(memory_format=torch.channels_last) for net in networks]
        step = make_step(recipe, edges, networks, options.side, options.width)
        for _ in range(3):
            step(x, y)
        times = []
        for _ in range(options.steps):
            start = time.perf_counter()
            step(x, y)
            times.append(1e3 * (time.perf_counter() - start))
        low, median, high = torch.quantile(torch.tensor(times, dtype=torch.float64),
                                           torch.tensor([0.25, 0.5, 0.75], dtype=torch.float64)).tolist()
        print(f"{name}: {low:.2f} {median:.2f} {high:.2f}", flush=True)


main()
