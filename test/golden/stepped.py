"""Optimizers and schedules, step by step: gradients that come late or not at all, groups, rates that change.

Files are stepped/<case>.safetensors: input.p<i> before, input.grads<i> (step, ...), output.p<i> after each step,
output.rates (step, group) and output.momenta (step, group; beta1 of Adam) as each step found them. The args say which
optimizer and schedules wgrad has for it, under PyTorch's names.
"""
import json, math
import torch
import from_papers
from generate import save_safetensors

STEPS = 14
LONG = 24


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
    if name == "SequentialLR" and told(args["schedules"][0])[0] == "LinearWarmup" and args["milestones"] == [args["schedules"][0][1]["total_iters"]]:
        return ["withWarmup", {**args["schedules"][0][1], "schedules": [told(args["schedules"][1])]}]
    warmup = name == "LinearLR" and set(args) == {"start_factor", "total_iters"}  # ends at the rate itself
    return ["LinearWarmup" if warmup else name, {**args, **parts}]


def stepped(b):
    def run(name, kind, groups, missing=None, schedules=(), by_hand=None, metrics=None, steps=STEPS, zero=(), **args):
        """`groups`: settings of each, with "params" the numbers of its parameters. `missing`: by parameter, the steps in which
        it has no gradient. `by_hand`: by step, a rate that all groups get before it. `zero`: parameters that begin as zeros."""
        g = b.rng("run/" + name)
        p = [b.randn(g, 4).requires_grad_(True), b.randn(g, 2, 3).requires_grad_(True)]
        for i in zero:
            p[i].data.zero_()
        tensors = {f"input.p{i}": t.detach().clone() for i, t in enumerate(p)}
        o = (getattr(from_papers, kind, None) or getattr(torch.optim, kind))([{**s, "params": [p[i] for i in s["params"]]} for s in groups], **args)
        made = [build(o, spec) for spec in schedules]
        grads, after, rates, momenta = [[], []], [[], []], [], []
        for t in range(steps):
            if by_hand and t in by_hand:
                for group in o.param_groups:
                    group["lr"] = by_hand[t]
            rates.append([x["lr"] for x in o.param_groups])
            momenta.append([x["betas"][0] if "betas" in x else x.get("momentum", 0) for x in o.param_groups])
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
    run("one_cycle_two_rates", "AdamW", [{"params": [0]}, {"params": [1], "weight_decay": 0.2}], None, [("OneCycleLR", {**cycle, "max_lr": [0.03, 0.4]})], steps=14, lr=0.1)
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

    # Optimizers and schedules of later versions, over 24 steps.
    large = {
        "adagrad": ("Adagrad", {"lr": 0.3, "lr_decay": 0.05, "initial_accumulator_value": 0.1, "eps": 1e-3, "weight_decay": 0.02}),
        "adagrad_still": ("Adagrad", {}),
        "lion": ("Lion", {"lr": 0.02, "betas": [0.8, 0.95], "weight_decay": 0.1}),
        "lion_still": ("Lion", {}),
        "lars": ("LARS", {"lr": 2.0, "momentum": 0.8, "weight_decay": 0.05, "trust_coefficient": 0.02}),
        "lars_still": ("LARS", {"lr": 8.0}),
        "lamb": ("LAMB", {"lr": 0.05, "betas": [0.8, 0.95], "eps": 1e-3, "weight_decay": 0.1}),
        "lamb_still": ("LAMB", {}),
    }
    for name, (kind, args) in large.items():
        second = {"adapt": False, "weight_decay": 0.0} if kind in ("LARS", "LAMB") else {"weight_decay": 0.2}
        second["lr"] = args.get("lr", 0.01) / 4
        run(name + "_late", kind, one, {1: [0, 1, 4]}, steps=LONG, **args)
        run(name + "_frozen", kind, one, {0: list(range(3, 9)), 1: [12]}, steps=LONG, **args)
        run(name + "_groups", kind, [{"params": [0]}, {"params": [1], **second}], {1: [0]},
            [("PolynomialLR", {"total_iters": 20, "power": 2.0})], steps=LONG, **args)
    run("lars_from_zero", "LARS", one, None, steps=LONG, zero=[0], lr=0.5)
    run("lamb_from_zero", "LAMB", one, None, steps=LONG, zero=[1], lr=0.05, weight_decay=0.0)

    linear = ("LinearLR", {"start_factor": 0.9, "end_factor": 0.2, "total_iters": 9})
    down = ("LinearLR", {"start_factor": 1.0, "end_factor": 0.0, "total_iters": 6})
    constant = ("ConstantLR", {"factor": 0.25, "total_iters": 7})
    polynomial = ("PolynomialLR", {"total_iters": 11, "power": 1.7})
    restarts = ("CosineAnnealingWarmRestarts", {"T_0": 3, "T_mult": 2, "eta_min": 0.005})
    steady = ("CosineAnnealingWarmRestarts", {"T_0": 5})
    alone = {"linear": linear, "linear_down": down, "linear_default": ("LinearLR", {}), "constant": constant, "constant_default": ("ConstantLR", {}),
             "polynomial": polynomial, "polynomial_default": ("PolynomialLR", {}), "restarts": restarts, "restarts_steady": steady}
    for name, s in alone.items():
        run(name, "SGD", two, None, [s], steps=LONG, **moving)
        run(name + "_by_hand", "SGD", one, None, [s], by_hand={4: 0.03, 15: 0.07}, steps=LONG, **moving)
    together = {
        "linear_and_constant": [linear, constant], "constant_and_polynomial": [constant, polynomial], "linear_and_exponential": [linear, ("ExponentialLR", {"gamma": 0.95})],
        "polynomial_and_cosine": [polynomial, cosine], "restarts_and_exponential": [restarts, ("ExponentialLR", {"gamma": 0.9})],
        "warmup_and_restarts": [warm, restarts],
    }
    for name, both in together.items():
        run(name, "SGD", two, None, both, steps=LONG, **moving)
        run(name + "_chained", "SGD", two, None, [("ChainedScheduler", {"schedules": both})], steps=LONG, **moving)
    for name, s in {"linear": linear, "constant": constant, "polynomial": polynomial, "restarts": restarts, "exponential": ("ExponentialLR", {"gamma": 0.9}),
                    "cosine": cosine, "milestones": ("MultiStepLR", {"milestones": [3, 9], "gamma": 0.5}), "lambda": ("LambdaLR", {})}.items():
        run("sequence_warmup_" + name, "SGD", two, None, [("SequentialLR", {"schedules": [warm, s], "milestones": [5]})], steps=LONG, **moving)
    run("sequence_of_four", "Adam", two, None, [("SequentialLR", {"schedules": [restarts, polynomial, linear, constant], "milestones": [7, 12, 18]})], steps=LONG, lr=0.1)
    run("chain_of_sequence", "SGD", two, None, [("ChainedScheduler", {"schedules": [("SequentialLR", {"schedules": [warm, polynomial], "milestones": [5]}), ("ExponentialLR", {"gamma": 0.97})]})],
        steps=LONG, **moving)
    uneven = [1 / (1 + t % 6) for t in range(LONG)]
    run("polynomial_and_plateau", "SGD", two, None, [("PolynomialLR", {"total_iters": 30}), ("ReduceLROnPlateau", {"factor": 0.5, "patience": 3})], metrics=uneven, steps=LONG, **moving)
