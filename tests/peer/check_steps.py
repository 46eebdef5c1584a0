#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Computes again, in plain PyTorch, what export_steps did: check_steps.py <recipe> <file>.

Nothing here is shared with the library: networks, losses and updates are written from the equations.
Losses, parameters and running statistics must agree to 1e-5 relative; in double precision they do to far less.
"""
import sys

import torch
import torch.nn as nn
import torch.nn.functional as F

import safetensors_file

torch.set_default_dtype(torch.float64)
TOLERANCE = 1e-5
STEPS = 3


class ConvNorm(nn.Module):
    def __init__(self, cin, cout, kernel, stride=1):
        super().__init__()
        self.conv = nn.Conv2d(cin, cout, kernel, stride, kernel // 2, bias=False)
        self.norm = nn.BatchNorm2d(cout)

    def forward(self, x):
        return self.norm(self.conv(x))


class Net(nn.Module):
    def __init__(self, widths, stem_stride):
        super().__init__()
        cin, stride = 1, stem_stride
        self.names = []
        for i, width in enumerate(widths):
            self.names.append(f"layer{i + 1}")
            setattr(self, self.names[-1], ConvNorm(cin, width, 3, stride))
            cin, stride = width, 2
        self.head = nn.Linear(cin, 4)

    def forward(self, x):
        for name in self.names:
            x = F.relu(getattr(self, name)(x))
        return x, self.head(x.mean((2, 3)))


class Transfer(nn.Module):
    """Student side: average pooling to the smaller map, then Conv-BatchNorm-ReLU where channels differ."""

    def __init__(self, student, teacher):
        super().__init__()
        self.size = tuple(min(s, t) for s, t in zip(student[1:], teacher[1:]))
        self.student = nn.Module()
        self.convolves = student[0] != teacher[0]
        if self.convolves:
            self.student.layers = ConvNorm(student[0], teacher[0], 1)

    def fake(self, x):
        x = F.adaptive_avg_pool2d(x, self.size)
        return F.relu(self.student.layers(x)) if self.convolves else x

    def real(self, x):
        return F.adaptive_avg_pool2d(x, self.size)


class Discriminator(nn.Module):
    def __init__(self, shape, width):
        super().__init__()
        stride = 1 if min(shape[1:]) < 4 else 2
        left = [(side - 1) // stride + 1 for side in shape[1:]]
        self.conv = nn.Conv2d(shape[0], width, 3, stride, 1, bias=False)
        self.norm = nn.BatchNorm2d(width)
        self.score = nn.Conv2d(width, 1, left)

    def forward(self, x):
        return torch.sigmoid(self.score(F.leaky_relu(self.norm(self.conv(x)), 0.2)).flatten())


def kl(student, teacher, t):
    p = torch.softmax(teacher / t, 1)
    q = torch.softmax(student / t, 1)
    return t * t * (p * (p.log() - q.log())).sum(1).mean()


def attention(features, size):
    a = F.adaptive_avg_pool2d(features.pow(2).mean(1, keepdim=True), size).flatten(1)
    return a / a.norm(dim=1, keepdim=True)


def attention_loss(fs, ft):
    size = tuple(min(a, b) for a, b in zip(fs.shape[2:], ft.shape[2:]))
    return (attention(fs, size) - attention(ft, size)).pow(2).mean()


ALL3 = [(j, k) for j in range(3) for k in range(3) if j != k]
RECIPES = {
    "afd_pair": dict(nets=2, kl=([(0, 1), (1, 0)], 3.0, 1.0), adversarial=([(0, 1), (1, 0)], 1.0), first=False),
    "afd_cycle": dict(nets=3, kl=(ALL3, 2.0, 0.5), adversarial=([(0, 1), (1, 2), (2, 0)], 2.0), first=True),
    "l1_frozen": dict(nets=2, frozen=[0], kl=([(0, 1)], 3.0, 1.0), align=("feature_l1", [(0, 1)], 1.0)),
    "l2_attention_all_pairs": dict(nets=3, align=("feature_l2", ALL3, 0.7), attention=(ALL3, 10.0)),
}


def main():
    name, file = sys.argv[1:]
    recipe, data = RECIPES[name], safetensors_file.load(file)

    def state(prefix):
        return {key[len(prefix):]: value for key, value in data.items() if key.startswith(prefix)}

    make = [lambda: Net([4, 6], 1), lambda: Net([5, 8], 2), lambda: Net([4, 6], 1)]
    nets = [make[k]() for k in range(recipe["nets"])]
    shapes = [(6, 6, 6), (8, 3, 3), (6, 6, 6)]
    for k, net in enumerate(nets):
        net.load_state_dict(state(f"before/network{k}/"), strict=True)
        net.train(k not in recipe.get("frozen", []))
    live = [k for k in range(len(nets)) if k not in recipe.get("frozen", [])]

    adversarial_edges, adversarial_weight = recipe.get("adversarial", ([], 1.0))
    align_name, align_edges, align_weight = recipe.get("align", ("", [], 1.0))
    modules, transfers, discriminators = [], {}, {}
    for j, k in adversarial_edges + align_edges:
        transfers[j, k] = Transfer(shapes[k], shapes[j])
        modules.append(transfers[j, k])
        if (j, k) in adversarial_edges:
            discriminators[j, k] = Discriminator((shapes[j][0],) + transfers[j, k].size, 7)
            modules.append(discriminators[j, k])
    for e, module in enumerate(modules):
        module.load_state_dict(state(f"before/edge{e}/"), strict=True)
        module.train()

    logit_optimizers = {k: torch.optim.SGD(nets[k].parameters(), 0.05, momentum=0.9, weight_decay=1e-3) for k in live}
    feature_parameters = {
        k: list(nets[k].parameters()) + [p for (j, s), t in transfers.items() if s == k for p in t.parameters()]
        for k in live}
    feature_optimizers = {k: torch.optim.Adam(feature_parameters[k], 1e-3, weight_decay=0.1) for k in live}
    discriminator_optimizers = {
        e: torch.optim.Adam(d.parameters(), 2e-3, weight_decay=0.05) for e, d in discriminators.items()}

    def update(optimizer, parameters, gradients):
        for parameter, gradient in zip(parameters, gradients):
            parameter.grad = gradient
        optimizer.step()
        for parameter in parameters:
            parameter.grad = None

    worst = 0.0
    compared = 0

    def compare(what, ours, theirs):
        nonlocal worst, compared
        compared += 1
        error = ((ours - theirs).norm() / theirs.norm().clamp_min(1e-12)).item()
        worst = max(worst, error)
        if not error <= TOLERANCE:
            sys.exit(f"{name}: {what} differs by {error:.3g} relative")

    for i in range(STEPS):
        x, y = data[f"inputs{i}"], data[f"targets{i}"]
        losses = {}
        features, logits = zip(*(net(x) for net in nets))

        logit_total = {k: F.cross_entropy(logits[k], y) for k in live}
        for k in live:
            losses[f"cross_entropy_{k}"] = logit_total[k].detach()
        if "kl" in recipe:
            edges, temperature, weight = recipe["kl"]
            for j, k in edges:
                loss = kl(logits[k], logits[j].detach(), temperature)
                losses[f"mutual_kl_{j}_to_{k}"] = loss.detach()
                logit_total[k] = logit_total[k] + weight * loss / sum(1 for _, s in edges if s == k)

        feature_total = {}

        def add(k, loss, weight, edges):
            feature_total[k] = feature_total.get(k, 0) + weight * loss / sum(1 for _, s in edges if s == k)

        maps, discriminator_gradients = {}, {}
        for edge in adversarial_edges:
            j, k = edge
            maps[edge] = (transfers[edge].real(features[j].detach()), transfers[edge].fake(features[k]))
            if recipe["first"]:
                real, fake = maps[edge]
                loss = (1 - discriminators[edge](real)).pow(2).mean()
                loss = loss + discriminators[edge](fake.detach()).pow(2).mean()
                losses[f"adversarial_{j}_to_{k}_discriminator"] = loss.detach()
                discriminator_gradients[edge] = torch.autograd.grad(loss, list(discriminators[edge].parameters()))
        if adversarial_edges and recipe["first"]:
            for edge, gradients in discriminator_gradients.items():
                update(discriminator_optimizers[edge], list(discriminators[edge].parameters()), gradients)
        for edge in adversarial_edges:
            j, k = edge
            real, fake = maps[edge]
            if not recipe["first"]:
                real_score, fake_score = discriminators[edge](real), discriminators[edge](fake)
                loss = (1 - real_score).pow(2).mean() + fake_score.pow(2).mean()
                losses[f"adversarial_{j}_to_{k}_discriminator"] = loss.detach()
                discriminator_gradients[edge] = torch.autograd.grad(
                    loss, list(discriminators[edge].parameters()), retain_graph=True)
            else:
                fake_score = discriminators[edge](fake)
            generator = (1 - fake_score).pow(2).mean()
            losses[f"adversarial_{j}_to_{k}"] = generator.detach()
            add(k, generator, adversarial_weight, adversarial_edges)
        for j, k in align_edges:
            difference = transfers[j, k].fake(features[k]) - transfers[j, k].real(features[j].detach())
            loss = difference.abs().mean() if align_name == "feature_l1" else difference.pow(2).mean()
            losses[f"{align_name}_{j}_to_{k}"] = loss.detach()
            add(k, loss, align_weight, align_edges)
        if "attention" in recipe:
            edges, weight = recipe["attention"]
            for j, k in edges:
                loss = attention_loss(features[k], features[j].detach())
                losses[f"attention_transfer_{j}_to_{k}"] = loss.detach()
                add(k, loss, weight, edges)

        logit_gradients = {
            k: torch.autograd.grad(logit_total[k], list(nets[k].parameters()), retain_graph=True) for k in live}
        feature_gradients = {
            k: torch.autograd.grad(feature_total[k], feature_parameters[k], retain_graph=True, allow_unused=True)
            for k in feature_total}
        for k in live:
            update(logit_optimizers[k], list(nets[k].parameters()), logit_gradients[k])
            if k in feature_total:
                update(feature_optimizers[k], feature_parameters[k], feature_gradients[k])
        if adversarial_edges and not recipe["first"]:
            for edge, gradients in discriminator_gradients.items():
                update(discriminator_optimizers[edge], list(discriminators[edge].parameters()), gradients)

        theirs = state(f"loss{i}/")
        if set(theirs) != set(losses):
            sys.exit(f"{name}: the losses are {sorted(theirs)}, but should be {sorted(losses)}")
        for key, loss in losses.items():
            compare(f"step {i}, {key}", theirs[key], loss)

    moved = 0.0
    for prefix, module in [(f"network{k}/", net) for k, net in enumerate(nets)] + [
            (f"edge{e}/", module) for e, module in enumerate(modules)]:
        before, after = state("before/" + prefix), state("after/" + prefix)
        if set(after) != set(module.state_dict()):
            sys.exit(f"{name}: {prefix} has other tensors")
        for key, value in module.state_dict().items():
            compare(prefix + key, after[key].double(), value.double())
            moved = max(moved, (after[key].double() - before[key].double()).abs().max().item())
    if moved < 1e-3:
        sys.exit(f"{name}: the steps changed nothing")
    print(f"{name}: {compared} losses and tensors after {STEPS} steps agree to {worst:.2g} relative")


main()
