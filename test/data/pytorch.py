"""PyTorch's DistributedSampler, and torchvision's v2.MixUp and v2.CutMix: writes test/data/pytorch.ts.

    python3 test/data/pytorch.py > test/data/pytorch.ts

Made with PyTorch 1.13. torchvision's mixing came later; `mixup` and `cutmix` are the lines of its v2/_augment.py.
"""
import json
import math

import torch
from torch.nn.functional import one_hot
from torch.utils.data.distributed import DistributedSampler

CLASSES = 3


def formula(count, salt):
    """mix.test.ts has the same."""
    return torch.tensor([((i * 37 + salt * 11) % 101) / 8 - 6 for i in range(count)], dtype=torch.float32)


def mixed_label(label, lam):
    label = one_hot(label, num_classes=CLASSES).float()
    return label.roll(1, 0).mul_(1.0 - lam).add_(label.mul(lam))


def mixup(images, labels, lam):
    return images.roll(1, 0).mul_(1.0 - lam).add_(images.mul(lam)), mixed_label(labels, lam)


def cutmix(images, labels, lam, r_x, r_y):
    H, W = images.shape[-2:]
    r = 0.5 * math.sqrt(1.0 - lam)
    r_w_half, r_h_half = int(r * W), int(r * H)
    x1, x2 = max(r_x - r_w_half, 0), min(r_x + r_w_half, W)
    y1, y2 = max(r_y - r_h_half, 0), min(r_y + r_h_half, H)
    lam_adjusted = float(1.0 - (x2 - x1) * (y2 - y1) / (W * H))
    rolled = images.roll(1, 0)
    output = images.clone()
    output[..., y1:y2, x1:x2] = rolled[..., y1:y2, x1:x2]
    return output, mixed_label(labels, lam_adjusted)


def flat(pair):
    return [t.flatten().tolist() for t in pair]


def shares():
    found = []
    for length in [1, 2, 3, 5, 8, 12, 13]:
        for world in [1, 2, 3, 5, 8]:
            for drop in [False, True]:
                ranks = [list(DistributedSampler(range(length), world, r, shuffle=False, drop_last=drop)) for r in range(world)]
                found.append([length, world, drop, ranks])
    return found


def mixes():
    shape = (4, 2, 5, 6)
    images = formula(math.prod(shape), 1).reshape(shape)
    labels = torch.tensor([2, 0, 0, 1])
    up = [[lam, *flat(mixup(images, labels, lam))] for lam in [0.0, 0.3, 0.7123, 1.0]]
    places = [(0.0, 3, 2), (0.3, 0, 0), (0.5, 5, 4), (0.7123, 2, 1), (0.95, 3, 3), (1.0, 1, 1)]
    cut = [[lam, x, y, *flat(cutmix(images, labels, lam, x, y))] for lam, x, y in places]
    return up, cut


def table(name, what, kind, rows):
    lines = ",\n".join(f"  {json.dumps(row)}" for row in rows)
    return f"/** {what} */\n// biome-ignore format: a table\nexport const {name}: {kind}[] = [\n{lines},\n];\n"


up, cut = mixes()
print("// Written by pytorch.py: see there.\n")
print(table("SHARES", "Examples, processes, whether the last are dropped, and each process's share.", "[number, number, boolean, number[][]]", shares()))
print(table("MIXED", "The share of the example itself, images and labels.", "[number, number[], number[]]", up))
print(table("CUT", "The share drawn, the middle's x and y, images and labels.", "[number, number, number, number[], number[]]", cut), end="")
