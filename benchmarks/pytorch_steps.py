#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Steps of one cell in eager PyTorch, with the protocol of worker/main.cpp: after "ready" it reads lines; a number n
does n steps and answers with the seconds they took, "memory" answers with the peak resident memory in KiB.

--kind eager: as a good user writes it: one forward per network, both gradients by autograd.grad, torch.optim.
--kind naive: a forward of each network that a loss looks at, for each loss, and a backward for each; for dml.
--compile MODE: networks and discriminators through torch.compile (PyTorch 2).
"""
import argparse
import sys
import time

import torch
import torch.nn as nn
import torch.nn.functional as F

TEMPERATURE = 3.0


def conv(cin, cout, stride=1, size=3):
    return nn.Conv2d(cin, cout, size, stride, size // 2, bias=False)


class Block(nn.Module):
    def __init__(self, cin, cout, stride):
        super().__init__()
        self.conv1, self.norm1 = conv(cin, cout, stride), nn.BatchNorm2d(cout)
        self.conv2, self.norm2 = conv(cout, cout), nn.BatchNorm2d(cout)
        self.stride, self.extra = stride, cout - cin

    def forward(self, x):
        y = F.relu_(self.norm1(self.conv1(x)))
        y = self.norm2(self.conv2(y))
        if self.stride > 1:
            x = x[:, :, ::self.stride, ::self.stride]
        if self.extra:
            before = self.extra // 2
            x = F.pad(x, (0, 0, 0, 0, before, self.extra - before))
        return F.relu_(y.add_(x))


class WideBlock(nn.Module):
    def __init__(self, cin, cout, stride):
        super().__init__()
        self.norm1, self.conv1 = nn.BatchNorm2d(cin), conv(cin, cout, stride)
        self.norm2, self.conv2 = nn.BatchNorm2d(cout), conv(cout, cout)
        self.shortcut = conv(cin, cout, stride, 1) if cin != cout else None

    def forward(self, x):
        active = F.relu_(self.norm1(x))
        y = self.conv2(F.relu_(self.norm2(self.conv1(active))))
        return y.add_(x if self.shortcut is None else self.shortcut(active))


class Network(nn.Module):
    def __init__(self, name):
        super().__init__()
        if name.startswith("resnet"):
            n, widen, block = (int(name[6:]) - 2) // 6, 1, Block
            self.stem = nn.Sequential(conv(3, 16), nn.BatchNorm2d(16), nn.ReLU(True))
        else:
            depth, widen = map(int, name[3:].split("-"))
            n, block = (depth - 4) // 6, WideBlock
            self.stem = conv(3, 16)
        blocks, cin = [], 16
        for group in range(3):
            for i in range(n):
                blocks.append(block(cin, 16 * widen << group, 2 if group and i == 0 else 1))
                cin = 16 * widen << group
        if block is WideBlock:
            blocks += [nn.BatchNorm2d(cin), nn.ReLU(True)]
        self.blocks, self.head, self.channels = nn.Sequential(*blocks), nn.Linear(cin, 10), cin

    def forward(self, x):
        features = self.blocks(self.stem(x))
        return features, self.head(features.mean((2, 3)))


class Discriminator(nn.Module):
    def __init__(self, channels, side):
        super().__init__()
        self.layers = nn.Sequential(nn.Conv2d(channels, 64, 3, 2, 1, bias=False), nn.BatchNorm2d(64),
                                    nn.LeakyReLU(0.2, True), nn.Conv2d(64, 1, (side + 1) // 2))

    def forward(self, x):
        return torch.sigmoid(self.layers(x).flatten())


def kl(student, teacher):
    return F.kl_div(student, teacher, reduction="batchmean", log_target=True) * TEMPERATURE**2


def tempered(logits):
    return F.log_softmax(logits / TEMPERATURE, 1)


def sgd(net):
    return torch.optim.SGD(net.parameters(), 0.1, momentum=0.9, weight_decay=1e-4)


def adam(net):
    return torch.optim.Adam(net.parameters(), 2e-5, weight_decay=0.1)


def update(optimizer, parameters, gradients):
    for p, g in zip(parameters, gradients):
        p.grad = g
    optimizer.step()
    optimizer.zero_grad(set_to_none=True)


def edges_of(topology, count):
    if topology == "cycle" or count == 2:
        return [(k, (k + 1) % count) for k in range(count)]
    return [(j, k) for j in range(count) for k in range(count) if j != k]


def placed(modules, x):
    """On the device of the inputs, and in their layout."""
    last = x.is_contiguous(memory_format=torch.channels_last) and not x.is_contiguous()
    layout = torch.channels_last if last else torch.preserve_format
    return [module.to(device=x.device, memory_format=layout) for module in modules]


def compiled(modules, mode):
    # Two backwards go through one graph, so its buffers must outlive the first.
    from torch._functorch import config
    config.donated_buffer = False
    return [torch.compile(module, mode=mode) for module in modules]


def eager(recipe, edges, networks, side, x, y, mode=None):
    judges = [Discriminator(networks[t].channels, (side + 3) // 4) for t, _ in edges] if recipe == "afd" else []
    judges = placed(judges, x)
    if mode is not None:
        networks, judges = compiled(networks, mode), compiled(judges, mode)
    parameters = [list(net.parameters()) for net in networks]
    judge_parameters = [list(judge.parameters()) for judge in judges]
    sgds = [sgd(net) for net in networks]
    adams = [adam(net) for net in networks] if recipe != "dml" else []
    judge_adams = [adam(judge) for judge in judges]
    incoming = [sum(1 for _, student in edges if student == k) for k in range(len(networks))]

    def step():
        outputs = [net(x) for net in networks]
        logit = [F.cross_entropy(z, y) for _, z in outputs]
        feature = [None] * len(networks)
        judge_losses = []
        views = [tempered(z) for _, z in outputs] if recipe != "l1" else None
        for e, (teacher, student) in enumerate(edges):
            if recipe != "l1":
                logit[student] = logit[student] + kl(views[student], views[teacher].detach()) / incoming[student]
            loss = None
            if recipe == "l1":
                loss = F.l1_loss(outputs[student][0], outputs[teacher][0].detach())
            if recipe == "afd":
                real, fake = judges[e](outputs[teacher][0].detach()), judges[e](outputs[student][0])
                judge_losses.append((1 - real).square().mean() + fake.square().mean())
                loss = (1 - fake).square().mean()
            if loss is not None:
                loss = loss / incoming[student]
                feature[student] = loss if feature[student] is None else feature[student] + loss
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


def naive(networks, x, y):
    optimizers = [sgd(net) for net in networks]

    def step():
        for k, net in enumerate(networks):
            optimizers[k].zero_grad()
            F.cross_entropy(net(x)[1], y).backward()
            for j, peer in enumerate(networks):
                if j != k:
                    loss = kl(tempered(net(x)[1]), tempered(peer(x)[1]).detach()) / (len(networks) - 1)
                    loss.backward()
        for optimizer in optimizers:
            optimizer.step()

    return step


def peak_memory():
    with open("/proc/self/status", encoding="ascii") as status:
        return next(line.split()[1] for line in status if line.startswith("VmHWM"))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--kind", choices=("eager", "naive"), default="eager")
    parser.add_argument("--recipe", choices=("afd", "dml", "l1"), default="afd")
    parser.add_argument("--topology", default="pair")
    parser.add_argument("--networks", nargs="+", required=True)
    for name, value in (("batch", 32), ("threads", 1), ("side", 32)):
        parser.add_argument(f"--{name}", type=int, default=value)
    parser.add_argument("--channels-last", action="store_true")
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument("--compile", choices=("default", "max-autotune"))
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.manual_seed(1)
    x, y = torch.randn(options.batch, 3, options.side, options.side), torch.randint(10, (options.batch,))
    x, y = x.to(options.device), y.to(options.device)
    if options.channels_last:
        x = x.to(memory_format=torch.channels_last)
    networks = placed([Network(name) for name in options.networks], x)
    if options.kind == "naive":
        step = naive(networks, x, y)
    else:
        topology = "all-pairs" if options.recipe == "dml" else options.topology
        step = eager(options.recipe, edges_of(topology, len(networks)), networks, options.side, x, y,
                     options.compile)
    # A card is still at work when the host has asked for everything.
    finish = torch.cuda.synchronize if options.device == "cuda" else lambda: None
    print("ready", flush=True)
    for line in sys.stdin:
        if line.strip() == "memory":
            print(peak_memory(), flush=True)
            continue
        finish()
        start = time.perf_counter()
        for _ in range(int(line)):
            step()
        finish()
        print(time.perf_counter() - start, flush=True)


main()
