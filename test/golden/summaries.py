"""What PyTorch says of three networks: summary/<case>.safetensors, without tensors; all of it is in the metadata.

    python3 summaries.py [OUT_DIR]        # default: beside this file

args.input is the input's shape without the batch, args.layers a list of [path, output shape without the batch, numbers
in the layer's own parameters], in the order of the calls, of all layers that have parameters of their own; a layer that is
called twice stands there twice, its parameters counted once. args.parameters is the total. test/layers/summary.test.ts has the same
networks.
"""
import pathlib
import sys

import torch
import torch.nn as nn
import torch.nn.functional as F
from generate import save_safetensors


class Block(nn.Module):
    def __init__(self, before, channels, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(before, channels, 3, stride, 1, bias=False)
        self.norm1 = nn.BatchNorm2d(channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, 1, 1, bias=False)
        self.norm2 = nn.BatchNorm2d(channels)
        self.skip = nn.Conv2d(before, channels, 1, stride) if stride != 1 or before != channels else None

    def forward(self, x):
        y = self.norm2(self.conv2(F.relu(self.norm1(self.conv1(x)))))
        return F.relu(y + (self.skip(x) if self.skip else x))


class Residual(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(3, 8, 7, 2, 3)
        self.blocks = nn.ModuleList([Block(8, 8, 1), Block(8, 16, 2)])
        self.head = nn.Linear(16, 10)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.stem(x)), 3, 2, 1)
        for block in self.blocks:
            x = block(x)
        return self.head(x.mean((2, 3)))


class UNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.down = nn.ModuleList([nn.Conv2d(3, 8, 3, padding=1), nn.Conv2d(8, 16, 3, padding=1)])
        self.bottom = nn.Conv2d(16, 32, 3, padding=1)
        self.up = nn.ModuleDict({"wide": nn.Conv2d(48, 16, 3, padding=1), "full": nn.Conv2d(24, 8, 3, padding=1)})
        self.out = nn.Conv2d(8, 2, 1)

    def forward(self, x):
        one = F.relu(self.down[0](x))
        two = F.relu(self.down[1](F.max_pool2d(one, 2)))
        x = F.relu(self.bottom(F.max_pool2d(two, 2)))
        x = F.relu(self.up["wide"](torch.cat([F.interpolate(x, scale_factor=2), two], 1)))
        x = F.relu(self.up["full"](torch.cat([F.interpolate(x, scale_factor=2), one], 1)))
        return self.out(x)


class Functional(nn.Module):
    """Pooling and reshapes in forward, a parameter of its own, a layer called twice, one that never is."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 6, 5)
        self.again = nn.Linear(24, 24)
        self.weight = nn.Parameter(torch.zeros(10, 144))
        self.unused = nn.Linear(3, 2)

    def forward(self, x):
        x = F.avg_pool2d(F.relu(self.conv(x)), 4).view(-1, 9, 24)
        x = self.again(F.relu(self.again(x)))
        return F.linear(x[:, :6].reshape(-1, 144), self.weight)


def record(model, shape):
    layers, counted = [], set()

    def own(module):
        fresh = [p for p in module.parameters(recurse=False) if id(p) not in counted]
        counted.update(id(p) for p in fresh)
        return sum(p.numel() for p in fresh)

    def hook(name):
        def called(module, _, y):
            layers.append([name, list(y.shape[1:]), own(module)])

        return called

    for name, module in model.named_modules():
        if list(module.parameters(recurse=False)):
            module.register_forward_hook(hook(name))
    model.eval()(torch.zeros(1, *shape))
    return {"input": list(shape), "layers": layers, "parameters": sum(p.numel() for p in model.parameters())}


if __name__ == "__main__":
    out = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else pathlib.Path(__file__).parent
    for name, model, shape in [
        ("residual", Residual(), (3, 61, 45)),
        ("unet", UNet(), (3, 24, 32)),
        ("functional", Functional(), (1, 28, 28)),
    ]:
        meta = {"op": "summary", "args": record(model, shape), "torch": torch.__version__}
        save_safetensors(out / "summary" / f"{name}.safetensors", {}, meta)
