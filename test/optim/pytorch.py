"""PyTorch's optimizers with late and missing gradients, and its schedules in chains: writes test/optim/pytorch.ts.

    python3 test/optim/pytorch.py > test/optim/pytorch.ts

Made with PyTorch 1.13, in float64. late.test.ts and
chains.test.ts say the same in TypeScript.
"""
import math
import warnings

import torch
from torch.optim import SGD, Adam, AdamW, RMSprop, lr_scheduler as lrs

warnings.filterwarnings("ignore")
torch.set_default_dtype(torch.float64)

STEPS = 8


def gradient(name, t):
    """Of a at every step but 4; of b, which begins frozen, at 2, 3, 5 and 7."""
    if name == "a":
        return None if t == 4 else [math.cos(t), math.sin(2 * t) + 0.5, 0.3]
    return [math.sin(t + 1), -0.2 * t] if t in (2, 3, 5, 7) else None


OPTIMIZERS = {
    "sgd": (SGD, dict(lr=0.1, weight_decay=0.05)),
    "sgd momentum": (SGD, dict(lr=0.1, momentum=0.9)),
    "sgd dampening": (SGD, dict(lr=0.1, momentum=0.9, dampening=0.4, weight_decay=0.05)),
    "sgd nesterov": (SGD, dict(lr=0.1, momentum=0.8, nesterov=True)),
    "adam": (Adam, dict(lr=0.1, betas=(0.8, 0.95), eps=1e-3, weight_decay=0.05)),
    "adamw": (AdamW, dict(lr=0.1, betas=(0.9, 0.99), weight_decay=0.3)),
    "rmsprop": (RMSprop, dict(lr=0.05, alpha=0.9, eps=1e-3)),
    "rmsprop momentum": (RMSprop, dict(lr=0.05, alpha=0.8, momentum=0.7, weight_decay=0.05)),
}


def late(make, options, momentum_from=0):
    a = torch.nn.Parameter(torch.tensor([1.0, -2.0, 0.5]))
    b = torch.nn.Parameter(torch.tensor([0.3, 4.0]))
    rule = make([a, b], **options)
    rows = []
    for t in range(STEPS):
        for p, name in ((a, "a"), (b, "b")):
            g = gradient(name, t)
            p.grad = None if g is None else torch.tensor(g)
        group = rule.param_groups[0]
        group["lr"] = options["lr"] * (0.5 if t >= 3 else 1)
        if momentum_from:
            group["momentum"] = options["momentum"] if t >= momentum_from else 0
        rule.step()
        rows.append([*a.tolist(), *b.tolist()])
    return rows


def thawed():
    """A network whose first layer is frozen for three of six steps: parameters and state after each step, and Adam's counts."""
    net = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.Tanh(), torch.nn.Linear(4, 2))
    for k, p in enumerate(net.parameters()):
        p.data = (0.5 * torch.sin(0.7 * torch.arange(p.numel()) + k)).reshape(p.shape)
        p.requires_grad = k >= 2
    rule = Adam(net.parameters(), lr=0.05)
    rows = []
    for t in range(6):
        if t == 3:
            for p in net[0].parameters():
                p.requires_grad = True
        x = torch.sin(torch.arange(12) + t).reshape(4, 3)
        rule.zero_grad(set_to_none=True)
        torch.nn.functional.cross_entropy(net(x), torch.tensor([0, 1, 1, 0])).backward()
        rule.step()
        rows.append([v for p in net.parameters() for v in p.flatten().tolist()])
    for name in ("exp_avg", "exp_avg_sq"):
        rows.append([v for p in net.parameters() for v in rule.state[p][name].flatten().tolist()])
    rows.append([int(rule.state[p]["step"]) for p in net.parameters()])
    return rows


def optimizer(lr=0.1, **more):
    groups = [{"params": [torch.nn.Parameter(torch.zeros(1))], "lr": lr}, {"params": [torch.nn.Parameter(torch.zeros(1))], "lr": 0.5}]
    return SGD(groups, lr=lr, momentum=0.9, **more)


def linear(o, n=8, f=0.25):
    return lrs.LinearLR(o, start_factor=f, total_iters=n)


CHAINS = {
    "warmup and cosine": lambda o: [linear(o), lrs.CosineAnnealingLR(o, 20, eta_min=0.01)],
    "cosine and warmup": lambda o: [lrs.CosineAnnealingLR(o, 6), linear(o, 5)],
    "step and exponential": lambda o: [lrs.StepLR(o, 3, 0.5), lrs.ExponentialLR(o, 0.9)],
    "milestones and cosine": lambda o: [lrs.MultiStepLR(o, [0, 4, 4, 9], 0.5), lrs.CosineAnnealingLR(o, 12)],
    "warmup, milestones, exponential": lambda o: [linear(o, 3, 1 / 3), lrs.MultiStepLR(o, [5, 30], 0.1), lrs.ExponentialLR(o, 0.95)],
    "cosine and plateau": lambda o: [lrs.CosineAnnealingLR(o, 30), lrs.ReduceLROnPlateau(o, patience=2, factor=0.5)],
    "lambda and exponential": lambda o: [lrs.LambdaLR(o, lambda n: 1 / (1 + n)), lrs.ExponentialLR(o, 0.9)],
    "one cycle and exponential": lambda o: [lrs.OneCycleLR(o, 0.3, total_steps=40), lrs.ExponentialLR(o, 0.9)],
    "exponential and one cycle": lambda o: [lrs.ExponentialLR(o, 0.9), lrs.OneCycleLR(o, 0.3, total_steps=40, pct_start=0.2, div_factor=10, final_div_factor=50)],
    "chained": lambda o: [lrs.ChainedScheduler([linear(o, 4, 0.1), lrs.StepLR(o, 7, 0.3)])],
    "warmup, then cosine": lambda o: [lrs.SequentialLR(o, [linear(o, 5), lrs.CosineAnnealingLR(o, 20)], [5])],
    "exponential, then step, then cosine": lambda o: [lrs.SequentialLR(o, [lrs.ExponentialLR(o, 0.8), lrs.StepLR(o, 4, 0.5), lrs.CosineAnnealingLR(o, 7, eta_min=0.02)], [6, 15])],
    "cosine, then milestones, then lambda": lambda o: [lrs.SequentialLR(o, [lrs.CosineAnnealingLR(o, 9), lrs.MultiStepLR(o, [2, 5], 0.5), lrs.LambdaLR(o, lambda n: 1 / (1 + n))], [1, 20])],
    "plateau of a metric that is NaN": lambda o: [lrs.ReduceLROnPlateau(o, patience=1, factor=0.3, cooldown=2, mode="max")],
    "plateau with a floor": lambda o: [lrs.ReduceLROnPlateau(o, patience=1, factor=0.4, threshold=0.2, cooldown=1, min_lr=0.012)],
    "plateau of a metric that stays": lambda o: [lrs.ReduceLROnPlateau(o, patience=3, factor=0.5)],
    "plateau of a metric that hardly falls": lambda o: [lrs.ReduceLROnPlateau(o, patience=5, factor=0.5, threshold=1e-3)],
    "plateau down to nothing": lambda o: [lrs.ReduceLROnPlateau(o, patience=0, factor=0.1)],
}


def metric(name, t):
    if "NaN" in name:
        return math.nan if t % 5 == 2 else math.sin(t / 4)
    if "stays" in name or "hardly" in name:
        return 2 if "stays" in name else 2 - 5e-4 * t
    return math.cos(t / 3) + 1 if t < 12 else 0.7


def chain(name):
    o = optimizer()
    schedules = CHAINS[name](o)
    rows = []
    for t in range(40):
        rows.append([g["lr"] for g in o.param_groups])
        o.step()
        for s in schedules:
            s.step(metric(name, t)) if isinstance(s, lrs.ReduceLROnPlateau) else s.step()
    return rows


def second_phase():
    """A rate set by hand between two schedules."""
    o = optimizer()
    first = lrs.ExponentialLR(o, 0.5)
    rows = []
    for t in range(12):
        if t == 4:
            for g in o.param_groups:
                g["lr"] = 0.02
            first = lrs.CosineAnnealingLR(o, 3)
        rows.append([g["lr"] for g in o.param_groups])
        o.step()
        first.step()
    return rows


def one_cycle_momentum(make, **options):
    o = make([torch.nn.Parameter(torch.zeros(1))], lr=0.1, **options)
    schedule = lrs.OneCycleLR(o, 0.3, total_steps=12)
    rows = []
    for _ in range(12):
        g = o.param_groups[0]
        rows.append([g["lr"], *(g["betas"] if "betas" in g else [g["momentum"]])])
        o.step()
        schedule.step()
    return rows


def show(name, doc, value):
    print(f"\n/** {doc} */\n// biome-ignore format: tables\nexport const {name}: Record<string, number[][]> = {{")
    for case, rows in value.items():
        print(f"  '{case}': [")
        for at in range(0, len(rows), 4):
            print("    " + " ".join(f"[{', '.join(f'{v:.9g}' for v in row)}]," for row in rows[at : at + 4]))
        print("  ],")
    print("};")


print("// Written by pytorch.py: see there.")
rows = {name: late(*args) for name, args in OPTIMIZERS.items()}
rows["sgd momentum from step 3"] = late(*OPTIMIZERS["sgd dampening"], momentum_from=3)
show("THAWED", "The network's parameters after each step; then Adam's two means, and its counts.", {"adam": thawed()})
show("LATE", "a and b after each step.", rows)
table = {name: chain(name) for name in CHAINS}
table["a second phase"] = second_phase()
show("CHAINS", "The rates of both groups, before each step.", table)
show("CYCLED", "Rate, and momentum or betas, before each step.", {
    "sgd": one_cycle_momentum(SGD, momentum=0.9), "adam": one_cycle_momentum(Adam), "rmsprop": one_cycle_momentum(RMSprop),
})
