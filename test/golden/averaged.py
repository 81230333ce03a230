"""Running averages of a model's weights: torch.optim.swa_utils.AveragedModel over 22 updates, with batch norm's buffers and without.

Files are averaged/<case>.safetensors: input.<name> (update, ...), what the model has before each update, and output.<name> (update, ...),
the average after it, which here begins with other weights than the first update's. The args are wgrad's.
"""
import json
import torch
from torch.optim.swa_utils import AveragedModel
from generate import save_safetensors

UPDATES = 22


def averaged(b):
    def run(name, decay, warmup=False, buffers=False):
        g = b.rng("averaged/" + name)
        model = torch.nn.Sequential(torch.nn.Conv2d(2, 3, 3), torch.nn.BatchNorm2d(3)).double()

        def average(mean, value, count):
            d = min(decay, (1 + count.item()) / (10 + count.item())) if warmup else decay
            return d * mean + (1 - d) * value

        ema = AveragedModel(model, avg_fn=average, use_buffers=buffers)
        before, after = {}, {}
        for _ in range(UPDATES):
            for key, t in model.state_dict().items():
                if t.is_floating_point():
                    t.copy_(b.randn(g, *t.shape))
                    before.setdefault(key, []).append(t.clone())
            ema.update_parameters(model)
            names = dict(ema.module.named_parameters()).keys() | (dict(ema.module.named_buffers()).keys() if buffers else set())
            for key, t in ema.module.state_dict().items():
                if key in names and t.is_floating_point():
                    after.setdefault(key, []).append(t.clone())
        tensors = {f"input.{k}": torch.stack(v) for k, v in before.items()} | {f"output.{k}": torch.stack(v) for k, v in after.items()}
        args = {"decay": decay, "warmup": warmup, "buffers": buffers}
        save_safetensors(b.out / "averaged" / f"{name}.safetensors", tensors, {"op": "averaged", "args": json.dumps(args), "torch": torch.__version__})
        b.count += 1

    run("parameters", 0.9)
    run("buffers", 0.8, buffers=True)
    run("warmup", 0.6, warmup=True)
    run("warmup_long", 0.999, warmup=True, buffers=True)
    run("last", 0.0)
