"""Twenty steps of SGD on losses with class weights, class probabilities and weights of positives.

Files are losses/<case>.safetensors: input.x and input.w, logits = x w^T for x (batch, features), w x for x (batch, features, places);
input.t, and input.weight where there is one; output.loss (step) and output.w after the last step. The args say which loss of
wgrad it is, its options, and where the tensors go into them.
"""
import json
import torch
import torch.nn.functional as F
from generate import save_safetensors

STEPS, LR, MOMENTUM = 20, 0.5, 0.9
OURS = {"label_smoothing": "labelSmoothing", "ignore_index": "ignoreIndex", "pos_weight": "posWeight"}


def losses(b):
    def run(name, op, x, classes, target, weights=None, **args):
        """`weights`: tensors among the options, by PyTorch's name."""
        g = b.rng("losses/" + name)
        x, w = b.randn(g, *x), b.randn(g, classes, x[1], scale=0.5)
        t = target(g)
        tensors = {"input.x": x, "input.w": w.clone(), "input.t": t.int() if t.dtype == torch.int64 else t}
        weights = {k: torch.tensor(v, dtype=torch.float64) for k, v in (weights or {}).items()}
        tensors.update({f"input.{OURS.get(k, k)}": v for k, v in weights.items()})
        w.requires_grad_(True)
        optimizer, seen = torch.optim.SGD([w], lr=LR, momentum=MOMENTUM), []
        for _ in range(STEPS):
            loss = getattr(F, op)(x @ w.T if x.dim() == 2 else w @ x, t, **weights, **args)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            seen.append(loss.detach())
        tensors.update({"output.loss": torch.stack(seen), "output.w": w})
        ours = {OURS.get(k, k): v for k, v in args.items()}
        said = {"run": op, "options": ours, "tensors": [OURS.get(k, k) for k in weights], "lr": LR, "momentum": MOMENTUM}
        save_safetensors(b.out / "losses" / f"{name}.safetensors", tensors, {"op": op, "args": json.dumps(said), "torch": torch.__version__})
        b.count += 1

    def labels(classes, *shape, ignored=None):
        def draw(g):
            t = torch.randint(0, classes, shape, generator=g)
            return t if ignored is None else torch.where(torch.rand(*shape, generator=g) < 0.3, ignored, t)
        return draw

    def mixed(classes, n, *places):
        """Two classes a row in a drawn part, as mixup gives."""
        def draw(g):
            part = torch.rand(n, 1, *places, generator=g)
            one, two = (F.one_hot(torch.randint(0, classes, (n, *places), generator=g), classes).movedim(-1, 1) for _ in range(2))
            return (part * one + (1 - part) * two).double()
        return draw

    uneven = [0.25, 1.0, 3.0, 0.5, 2.0]
    run("weights", "cross_entropy", (33, 7), 5, labels(5, 33), {"weight": uneven})
    run("weights_smoothed", "cross_entropy", (33, 7), 5, labels(5, 33, ignored=-100), {"weight": uneven}, label_smoothing=0.1)
    run("weights_of_places", "cross_entropy", (3, 7, 11), 5, labels(5, 3, 11, ignored=255), {"weight": uneven}, ignore_index=255)
    run("mixed", "cross_entropy", (33, 7), 5, mixed(5, 33))
    run("mixed_smoothed", "cross_entropy", (33, 7), 5, mixed(5, 33), {"weight": uneven}, label_smoothing=0.1)
    run("mixed_of_places", "cross_entropy", (3, 7, 11), 5, mixed(5, 3, 11), {"weight": uneven})
    run("positives", "binary_cross_entropy_with_logits", (33, 7), 3, lambda g: (torch.rand(33, 3, generator=g) < 0.2).double(), {"pos_weight": [4.0, 1.0, 0.5]})
    run("positives_weighted", "binary_cross_entropy_with_logits", (33, 7), 3, lambda g: torch.rand(33, 3, generator=g).double(), {"weight": [0.5, 2.0, 1.0], "pos_weight": [4.0, 1.0, 0.5]})
