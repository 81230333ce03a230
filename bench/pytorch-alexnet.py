"""AlexNet of the paper in PyTorch: images a second of a training step, fp32 without TF32. For bench/gpu.sh."""
import time

import torch
from torch import nn

torch.backends.cuda.matmul.allow_tf32 = False
torch.backends.cudnn.allow_tf32 = False
torch.backends.cudnn.benchmark = True
BATCH, STEPS = 128, 20


def conv(i, o, k, **how):
    return nn.Sequential(nn.Conv2d(i, o, k, **how), nn.ReLU())


net = nn.Sequential(
    conv(3, 96, 11, stride=4), nn.LocalResponseNorm(5, 5e-4, 0.75, 2), nn.MaxPool2d(3, 2),
    conv(96, 256, 5, padding=2, groups=2), nn.LocalResponseNorm(5, 5e-4, 0.75, 2), nn.MaxPool2d(3, 2),
    conv(256, 384, 3, padding=1), conv(384, 384, 3, padding=1, groups=2), conv(384, 256, 3, padding=1, groups=2),
    nn.MaxPool2d(3, 2), nn.Flatten(),
    nn.Linear(9216, 4096), nn.ReLU(), nn.Dropout(), nn.Linear(4096, 4096), nn.ReLU(), nn.Dropout(), nn.Linear(4096, 1000),
).cuda()
rule = torch.optim.SGD(net.parameters(), 1e-3, momentum=0.9, weight_decay=5e-4)
x = torch.randn(BATCH, 3, 227, 227, device="cuda")
target = torch.arange(BATCH, device="cuda") % 1000


def step():
    rule.zero_grad(set_to_none=True)
    nn.functional.cross_entropy(net(x), target).backward()
    rule.step()


for _ in range(5):
    step()
torch.cuda.synchronize()
start = time.perf_counter()
for _ in range(STEPS):
    step()
torch.cuda.synchronize()
seconds = (time.perf_counter() - start) / STEPS
print(f"PyTorch {torch.__version__} on {torch.cuda.get_device_name()}: {BATCH / seconds:.0f} images/s, {1000 * seconds:.1f} ms a step")
