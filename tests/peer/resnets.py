# SPDX-License-Identifier: MIT
"""The library's ResNets, written again in PyTorch from the paper, with the names of torchvision."""
import torch
from torch import nn


def conv(cin, cout, kernel, stride):
    return nn.Conv2d(cin, cout, kernel, stride, kernel // 2, bias=False)


def layer(block, count, cin, cout, stride):
    return nn.Sequential(block(cin, cout, stride), *(block(cout, cout, 1) for _ in range(count - 1)))


class ProjectionBlock(nn.Module):
    def __init__(self, cin, cout, stride):
        super().__init__()
        self.conv1, self.bn1 = conv(cin, cout, 3, stride), nn.BatchNorm2d(cout)
        self.conv2, self.bn2 = conv(cout, cout, 3, 1), nn.BatchNorm2d(cout)
        changes = stride > 1 or cin != cout
        self.downsample = nn.Sequential(conv(cin, cout, 1, stride), nn.BatchNorm2d(cout)) if changes else None

    def forward(self, x):
        y = self.bn2(self.conv2(torch.relu(self.bn1(self.conv1(x)))))
        if self.downsample is not None:
            x = self.downsample(x)
        return torch.relu(y + x)


class PaddingBlock(nn.Module):
    def __init__(self, cin, cout, stride):
        super().__init__()
        self.conv1, self.bn1 = conv(cin, cout, 3, stride), nn.BatchNorm2d(cout)
        self.conv2, self.bn2 = conv(cout, cout, 3, 1), nn.BatchNorm2d(cout)
        self.stride, self.before, self.after = stride, (cout - cin) // 2, cout - cin - (cout - cin) // 2

    def forward(self, x):
        y = self.bn2(self.conv2(torch.relu(self.bn1(self.conv1(x)))))
        x = x[:, :, ::self.stride, ::self.stride]
        return torch.relu(y + nn.functional.pad(x, (0, 0, 0, 0, self.before, self.after)))


class ImageNetResNet(nn.Module):
    def __init__(self, blocks=(2, 2, 2, 2), classes=1000, width=64):
        super().__init__()
        self.conv1, self.bn1 = conv(3, width, 7, 2), nn.BatchNorm2d(width)
        self.layer1 = layer(ProjectionBlock, blocks[0], width, width, 1)
        self.layer2 = layer(ProjectionBlock, blocks[1], width, 2 * width, 2)
        self.layer3 = layer(ProjectionBlock, blocks[2], 2 * width, 4 * width, 2)
        self.layer4 = layer(ProjectionBlock, blocks[3], 4 * width, 8 * width, 2)
        self.fc = nn.Linear(8 * width, classes)

    def forward(self, x):
        x = nn.functional.max_pool2d(torch.relu(self.bn1(self.conv1(x))), 3, 2, 1)
        x = self.layer4(self.layer3(self.layer2(self.layer1(x))))
        return self.fc(x.mean((2, 3)))


class CifarResNet(nn.Module):
    def __init__(self, depth=20, classes=10):
        super().__init__()
        blocks = (depth - 2) // 6
        self.conv1, self.bn1 = conv(3, 16, 3, 1), nn.BatchNorm2d(16)
        self.layer1 = layer(PaddingBlock, blocks, 16, 16, 1)
        self.layer2 = layer(PaddingBlock, blocks, 16, 32, 2)
        self.layer3 = layer(PaddingBlock, blocks, 32, 64, 2)
        self.fc = nn.Linear(64, classes)

    def forward(self, x):
        x = torch.relu(self.bn1(self.conv1(x)))
        return self.fc(self.layer3(self.layer2(self.layer1(x))).mean((2, 3)))
