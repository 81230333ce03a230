"""Optimizers and schedules, step by step: gradients that come late or not at all, groups, rates that change.

Files are stepped/<case>.safetensors: input.p<i> before, input.grads<i> (step, ...), output.p<i> after each step,
output.rates (step, group) and output.momenta (step, group; beta1 of Adam) as each step found them. The args say which
optimizer and schedules wgrad has for it, under PyTorch's names.
"""
import json, math
import torch
from generate import save_safetensors

STEPS = 14
OURS = {"LinearLR": "LinearWarmup"}


def build(o, spec):
    """A schedule around o from its name and arguments; of several, from theirs."""
    name, args = spec
    kind = getattr(torch.optim.lr_scheduler, name)
    if name == "ChainedScheduler":
        return kind([build(o, part) for part in args["schedules"]])
    if name == "SequentialLR":
        return kind(o, [build(o, part) for part in args["schedules"]], args["milestones"])
    if name == "LambdaLR":
        return kind(o, lambda count: 1 / (1 + count / 10))  # the only one there is
    return kind(o, **args)


def told(spec):
    """The same under wgrad's names."""
    name, args = spec
    parts = {"schedules": [told(part) for part in args["schedules"]]} if "schedules" in args else {}
    return [OURS.get(name, name), {**args, **parts}]


def stepped(b):
    def run(name, kind, groups, missing=None, schedules=(), by_hand=None, metrics=None, steps=STEPS, **args):
        """`groups`: settings of each, with "params" the numbers of its parameters. `missing`: by parameter, the steps in which
        it has no gradient. `by_hand`: by step, a rate that all groups get before it."""
        g = b.rng("run/" + name)
        p = [b.randn(g, 4).requires_grad_(True), b.randn(g, 2, 3).requires_grad_(True)]
        tensors = {f"input.p{i}": t.detach().clone() for i, t in enumerate(p)}
        o = getattr(torch.optim, kind)([{**s, "params": [p[i] for i in s["params"]]} for s in groups], **args)
        made = [build(o, spec) for spec in schedules]
        grads, after, rates, momenta = [[], []], [[], []], [], []
        for t in range(steps):
            if by_hand and t in by_hand:
                for group in o.param_groups:
                    group["lr"] = by_hand[t]
            rates.append([x["lr"] for x in o.param_groups])
            momenta.append([x["betas"][0] if "betas" in x else x["momentum"] for x in o.param_groups])
            for i, q in enumerate(p):
                drawn = b.randn(g, *q.shape)
                grads[i].append(drawn)
                q.grad = None if missing and t in missing.get(i, ()) else drawn.clone()
            o.step()
            for i, q in enumerate(p):
                after[i].append(q.detach().clone())
            for s in made:
                s.step(metrics[t]) if isinstance(s, torch.optim.lr_scheduler.ReduceLROnPlateau) else s.step()
        for i in range(2):
            tensors[f"input.grads{i}"] = torch.stack(grads[i])
            tensors[f"output.p{i}"] = torch.stack(after[i])
        tensors["output.rates"] = torch.tensor(rates, dtype=torch.float64)
        tensors["output.momenta"] = torch.tensor(momenta, dtype=torch.float64)
        said = {"run": kind, "args": args, "groups": groups, "missing": missing or {}, "schedules": [told(spec) for spec in schedules], "byHand": by_hand or {}, "metrics": [None if math.isnan(m) else m for m in metrics or []]}
        save_safetensors(b.out / "stepped" / f"{name}.safetensors", tensors, {"op": "run", "args": json.dumps(said), "torch": torch.__version__})
        b.count += 1

    one = [{"params": [0, 1]}]
    optimizers = {
        "sgd": ("SGD", {"lr": 0.05, "momentum": 0.9, "dampening": 0.3, "weight_decay": 0.01}),
        "nesterov": ("SGD", {"lr": 0.05, "momentum": 0.9, "nesterov": True, "weight_decay": 0.01}),
        "plain": ("SGD", {"lr": 0.05, "weight_decay": 0.1}),
        "adam": ("Adam", {"lr": 0.02, "betas": [0.8, 0.95], "eps": 1e-3, "weight_decay": 0.01}),
        "adamw": ("AdamW", {"lr": 0.02, "eps": 1e-4, "weight_decay": 0.05}),
        "rmsprop": ("RMSprop", {"lr": 0.01, "alpha": 0.9, "eps": 1e-3, "momentum": 0.5, "weight_decay": 0.01}),
        "rmsprop_still": ("RMSprop", {"lr": 0.01}),
    }
    for name, (kind, args) in optimizers.items():
        run(name + "_late", kind, one, {1: [0, 1, 4]}, **args)
        run(name + "_frozen", kind, one, {0: list(range(3, 9)), 1: [12]}, **args)
        run(name + "_groups", kind, [{"params": [0]}, {"params": [1], "lr": 0.003, "weight_decay": 0.2}], {1: [0]},
            [("StepLR", {"step_size": 3, "gamma": 0.5})], **args)
    run("adam_betas", "Adam", [{"params": [0]}, {"params": [1], "betas": [0.5, 0.9], "eps": 1e-2}], lr=0.02)

    moving = {"lr": 0.1, "momentum": 0.9}
    two = [{"params": [0]}, {"params": [1], "lr": 0.02}]
    warm = ("LinearLR", {"start_factor": 0.1, "total_iters": 5})
    cosine = ("CosineAnnealingLR", {"T_max": 12, "eta_min": 0.001})
    cycle = {"max_lr": 0.4, "total_steps": 14, "pct_start": 0.4, "div_factor": 10, "final_div_factor": 100, "base_momentum": 0.8, "max_momentum": 0.9}
    run("one_cycle_sgd", "SGD", two, None, [("OneCycleLR", cycle)], steps=14, **moving)
    run("one_cycle_adam", "Adam", one, None, [("OneCycleLR", {"max_lr": 0.4, "total_steps": 14})], steps=14, lr=0.1, betas=[0.9, 0.95])
    run("one_cycle_rates_only", "SGD", one, None, [("OneCycleLR", {"max_lr": 0.4, "total_steps": 14, "cycle_momentum": False})], steps=14, **moving)
    run("warmup", "SGD", two, None, [warm], **moving)
    run("warmup_then_cosine", "SGD", two, None, [warm, cosine], **moving)
    run("cosine_then_warmup", "SGD", two, None, [cosine, warm], **moving)
    run("warmup_then_steps", "SGD", one, None, [warm, ("StepLR", {"step_size": 4, "gamma": 0.5})], **moving)
    run("exponential_then_milestones", "SGD", two, None, [("ExponentialLR", {"gamma": 0.9}), ("MultiStepLR", {"milestones": [3, 3, 9], "gamma": 0.5})], **moving)
    run("lambda", "SGD", two, None, [("LambdaLR", {})], **moving)
    run("chained", "SGD", two, None, [("ChainedScheduler", {"schedules": [warm, ("ExponentialLR", {"gamma": 0.9})]})], **moving)
    run("sequence", "SGD", two, None, [("SequentialLR", {"schedules": [warm, cosine], "milestones": [6]})], **moving)
    run("sequence_of_three", "Adam", two, None, [("SequentialLR", {"schedules": [warm, ("StepLR", {"step_size": 2, "gamma": 0.5}),
                                                                      ("ExponentialLR", {"gamma": 0.9})], "milestones": [4, 9]})], lr=0.1)
    run("cosine_beyond", "SGD", two, None, [("CosineAnnealingLR", {"T_max": 5, "eta_min": 0.01})], **moving)
    run("milestones", "Adam", two, None, [("MultiStepLR", {"milestones": [2, 5, 5]})], lr=0.1)
    for name, s in {"steps": ("StepLR", {"step_size": 4}), "exponential": ("ExponentialLR", {"gamma": 0.9}), "cosine": cosine, "warmup": warm}.items():
        run(name + "_changed_by_hand", "SGD", one, None, [s], by_hand={6: 0.03}, **moving)
    falling = [1.0, 0.9, 0.9, 0.9, 0.9, 0.8, 0.80001, 0.79999, 0.8, 0.8, 0.8, 0.8, 0.1, 0.1]
    rising = [0.1, 0.2, 0.2, 0.2, 0.2, 0.30001, 0.3, 0.3, 0.3, 0.3, 0.3, 0.3, 0.3, 0.3]
    run("plateau_cooldown", "SGD", two, None, [("ReduceLROnPlateau", {"factor": 0.5, "patience": 1, "cooldown": 2, "threshold": 1e-3, "min_lr": 0.02})], metrics=falling, **moving)
    run("plateau_rising", "SGD", one, None, [("ReduceLROnPlateau", {"mode": "max", "factor": 0.1, "patience": 2})], metrics=rising, **moving)
    run("plateau_not_a_number", "SGD", one, None, [("ReduceLROnPlateau", {"factor": 0.5, "patience": 2})], metrics=[1.0] + [math.nan] * 6 + [0.5] * 7, **moving)
    run("warmup_and_plateau", "SGD", one, None, [warm, ("ReduceLROnPlateau", {"factor": 0.5, "patience": 1})], metrics=falling, **moving)
