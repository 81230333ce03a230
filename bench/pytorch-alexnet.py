"""AlexNet of the paper in PyTorch: images a second of a training step, and products and convolutions alone, in fp32 and
with TF32 (products rounded to 10 bits, PyTorch's default for convolutions). For bench/gpu.sh."""
import time

import torch
from torch import nn

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


def seconds(work, repeats):
    """Of one call of `work`, the mean of several after a few to warm up."""
    for _ in range(5):
        work()
    torch.cuda.synchronize()
    start = time.perf_counter()
    for _ in range(repeats):
        work()
    torch.cuda.synchronize()
    return (time.perf_counter() - start) / repeats


# Name, side, channels in and out, kernel, stride, padding, groups: AlexNet's convolutions.
LAYERS = [
    ("conv1", 227, 3, 96, 11, 4, 0, 1), ("conv2", 27, 96, 256, 5, 1, 2, 2), ("conv3", 13, 256, 384, 3, 1, 1, 1),
    ("conv4", 13, 384, 384, 3, 1, 1, 2), ("conv5", 13, 384, 256, 3, 1, 1, 2),
]

print(f"PyTorch {torch.__version__} on {torch.cuda.get_device_name()}")
for tf32 in (False, True):
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = tf32
    name = "TF32" if tf32 else "fp32"
    taken = seconds(step, STEPS)
    print(f"{name} AlexNet, batch {BATCH}: {BATCH / taken:.0f} images/s, {1000 * taken:.2f} ms a step")
    for n in (512, 1024, 2048, 4096):
        a, b = torch.randn(n, n, device="cuda"), torch.randn(n, n, device="cuda")
        taken = seconds(lambda: a @ b, 20)
        print(f"{name} gemm {n} NN: {1000 * taken:.3f} ms, {2 * n**3 / taken / 1e12:.1f} TFLOP/s")
    for layer, side, i, o, k, stride, pad, groups in LAYERS:
        data = torch.randn(BATCH, i, side, side, device="cuda")
        weight = torch.randn(o, i // groups, k, k, device="cuda")
        y = torch.conv2d(data, weight, None, stride, pad, 1, groups)
        flops = 2 * y.numel() * weight[0].numel()

        def gradient(which):
            return torch.ops.aten.convolution_backward(
                y, data, weight, None, [stride] * 2, [pad] * 2, [1, 1], False, [0, 0], groups, which)

        for what, work in (
            ("forward", lambda: torch.conv2d(data, weight, None, stride, pad, 1, groups)),
            ("dx", lambda: gradient([True, False, False])),
            ("dweight", lambda: gradient([False, True, False])),
        ):
            taken = seconds(work, 20)
            print(f"{name} {layer} {what}: {1000 * taken:.3f} ms, {flops / taken / 1e12:.1f} TFLOP/s")
