"""Metrics over several batches of different sizes, against scikit-learn's (Debian's python3-sklearn).

Files are metrics/<case>.safetensors: input.scores<i> and input.target<i> of batch i; output.<figure> over all of them. The args hold
the metrics that are compared: by figure, the class of wgrad and its options. Class 1 is the positive one of two. Rows of scores
with NaN call class -1, which no target is; targets of IGNORED are taken out first.
"""
import json
import math
import numpy as np
import torch
from sklearn import metrics as sk
from generate import save_safetensors

IGNORED = -100
SIZES = [7, 33, 1, 64]
FIGURES = {"Precision": sk.precision_score, "Recall": sk.recall_score, "F1": sk.f1_score, "IoU": sk.jaccard_score}


def metrics(b):
    def save(name, batches, figures):
        """`figures`: by name, the class of wgrad, its options, and values."""
        tensors = {f"input.{k}{i}": v for i, batch in enumerate(batches) for k, v in batch.items()}
        tensors.update({f"output.{k}": torch.as_tensor(np.asarray(v, dtype=np.float64)) for k, (_, _, v) in figures.items()})
        said = {"batches": len(batches), "figures": {k: [kind, options] for k, (kind, options, _) in figures.items()}}
        save_safetensors(b.out / "metrics" / f"{name}.safetensors", tensors, {"op": "metrics", "args": json.dumps(said), "torch": torch.__version__})
        b.count += 1

    def rows(t):
        return t.movedim(1, -1).flatten(0, -2) if t.dim() > 1 else t[:, None]

    def read(batches, ignored):
        """Scores, classes called, classes that are: of all batches' rows that count."""
        scores = torch.cat([rows(x["scores"]) for x in batches]).double().numpy()
        actual = torch.cat([x["target"].flatten() for x in batches]).round().long().numpy()
        called = scores.argmax(1) if scores.shape[1] > 1 else (scores[:, 0] > 0).astype(int)
        called[np.isnan(scores).any(1)] = -1
        counts = actual != ignored
        return scores[counts], called[counts], actual[counts]

    def figures(batches, classes, ignored=IGNORED):
        scores, called, actual = read(batches, ignored)
        given = {} if ignored == IGNORED else {"ignoreIndex": ignored}
        everyone = list(range(classes))
        present = [c for c in everyone if c in called or c in actual]
        out = {}
        for name, f in FIGURES.items():
            for average in ("macro", "micro", "weighted"):
                value = f(actual, called, labels=present, average=average, zero_division=0)
                out[f"{name}.{average}"] = (name, {"classes": classes, "average": average, **given}, value)
            each = f(actual, called, labels=everyone, average=None, zero_division=0)
            out[f"{name}.perClass"] = (name, {"classes": classes, **given}, each)
            if classes == 2:
                out[f"{name}.binary"] = (name, given, each[1])
        out["Accuracy"] = ("Accuracy", given, np.mean(called == actual))
        decided = called >= 0
        if classes > 2:
            for k in (2, 3):
                right = sk.top_k_accuracy_score(actual[decided], scores[decided], k=k, labels=everyone, normalize=False)
                out[f"TopK.{k}"] = ("TopK", {"k": k, **given}, right / len(actual))
        table = sk.confusion_matrix(actual[decided], called[decided], labels=everyone)
        undecided = np.bincount(actual[~decided], minlength=classes)[:, None]
        out["ConfusionMatrix"] = ("ConfusionMatrix", given, np.concatenate([table, undecided], 1))
        return out

    def drawn(name, classes, channels, places=(), among=None, ignored=None, nan=False, sizes=SIZES):
        """Scores of which about half call the right class; targets among some classes."""
        g, batches = b.rng("metrics/" + name), []
        for n in sizes:
            target = torch.randint(0, classes, (n, *places), generator=g) if among is None else torch.tensor(among)[torch.randint(0, len(among), (n, *places), generator=g)]
            scores = torch.randn(n, channels, *places, generator=g)
            if channels > 1:
                scores += 1.2 * torch.nn.functional.one_hot(target, channels).movedim(-1, 1)
            else:
                scores += (1.6 * target - 0.8).unsqueeze(1)
            if nan:
                spoilt = torch.rand(n, *places, generator=g) < 0.15
                scores[:, channels // 2][spoilt] = math.nan
            if ignored is not None:
                target[torch.rand(n, *places, generator=g) < 0.2] = ignored
            batches.append({"scores": scores, "target": target})
        return batches

    def classified(name, classes, channels=None, how=lambda batch: batch, ignored=None, **args):
        batches = [how(x) for x in drawn(name, classes, channels or classes, ignored=ignored, **args)]
        save(name, batches, figures(batches, classes, IGNORED if ignored is None else ignored))

    classified("five_classes", 5)
    classified("not_a_number", 5, nan=True)
    classified("ignored", 5, ignored=IGNORED, nan=True)
    classified("ignored_class", 5, ignored=3)
    classified("class_missing", 6, among=[0, 1, 2, 5])
    def never_four(batch):
        batch["scores"][:, 4] = -9
        return batch

    classified("class_never_called", 6, how=never_four)
    classified("class_nowhere", 6, among=[0, 1, 2, 5], how=never_four, nan=True)
    classified("pictures", 4, places=(3, 5), ignored=255, nan=True, sizes=[3, 1, 6])
    classified("two_classes", 2, nan=True)

    def flat(batch):
        return {"scores": batch["scores"][:, 0], "target": batch["target"]}

    def mask(batch):
        return {"scores": batch["scores"], "target": batch["target"].unsqueeze(1).double()}

    def soft(batch):
        hot = torch.nn.functional.one_hot(batch["target"], 5).double()
        return {"scores": batch["scores"], "target": 0.8 * hot + 0.04}

    classified("one_logit", 2, 1, how=flat, nan=True, ignored=IGNORED)
    classified("one_logit_column", 2, 1, nan=True)
    classified("masks", 2, 1, how=mask, places=(3, 5), nan=True, sizes=[3, 1, 6])
    classified("bytes", 2, 1, how=lambda x: {"scores": x["scores"], "target": x["target"].to(torch.uint8)}, places=(3, 5), ignored=255, sizes=[3, 1, 6])
    plain = drawn("probabilities", 5, 5)
    save("probabilities", [soft(x) for x in plain], figures(plain, 5))

    ranked(b, save, drawn)
    regressions(b, save)


def ranked(b, save, drawn):
    def area(name, batches, **options):
        scores = torch.cat([x["scores"] if x["scores"].shape[1:] != (2,) else x["scores"][:, 1] - x["scores"][:, 0] for x in batches]).flatten().double()
        actual = torch.cat([x["target"].flatten() for x in batches]).round().long()
        scores, actual = scores[actual != IGNORED], actual[actual != IGNORED]
        # A NaN is as wrong as can be.
        scores = torch.where(scores.isnan(), torch.where(actual == 1, -math.inf, math.inf).double(), scores).clamp(-1e300, 1e300).numpy()
        out = {"RocAuc": ("RocAuc", options, sk.roc_auc_score(actual.numpy(), scores))}
        if name.startswith("roc_apart"):
            false, true, _ = sk.roc_curve(actual.numpy(), scores, drop_intermediate=False)
            out["RocAuc.falsePositives"], out["RocAuc.truePositives"] = ("RocAuc", options, false), ("RocAuc", options, true)
        save(name, batches, out)

    def apart(name, step, **args):
        """Scores of which no two that differ share a bin, some of them equal."""
        return [{**x, "scores": (x["scores"] / step).round() * step} for x in drawn(name, 2, 1, **args)]

    area("roc", drawn("roc", 2, 1))
    area("roc_few_bins", drawn("roc_few_bins", 2, 1, sizes=[257, 1000]), bins=1000)
    area("roc_ignored", drawn("roc_ignored", 2, 1, ignored=IGNORED))
    area("roc_pictures", drawn("roc_pictures", 2, 1, places=(3, 5), sizes=[3, 1, 6]))
    area("roc_two_logits", drawn("roc_two_logits", 2, 2))
    area("roc_apart", apart("roc_apart", 0.25))
    area("roc_apart_nan", apart("roc_apart_nan", 0.25, nan=True))
    endless = apart("roc_apart_endless", 0.25)
    for x in endless:
        x["scores"][::6], x["scores"][2::7] = math.inf, -math.inf
    area("roc_apart_endless", endless)


def regressions(b, save):
    def compared(name, shape, outputs=1, center=0.0, offset=0.0):
        g, batches = b.rng("metrics/" + name), []
        for n in SIZES:
            target = torch.randn(n, *shape, generator=g) + offset
            batches.append({"scores": target + 0.5 * torch.randn(n, *shape, generator=g), "target": target})
        y, t = (torch.cat([x[k] for x in batches]).double().numpy().reshape(-1, outputs) for k in ("scores", "target"))
        options = {**({"outputs": outputs} if outputs > 1 else {}), **({"center": center} if center else {})}
        save(name, batches, {"MeanSquaredError": ("MeanSquaredError", {}, sk.mean_squared_error(t, y)),
                             "MeanAbsoluteError": ("MeanAbsoluteError", {}, sk.mean_absolute_error(t, y)),
                             "R2": ("R2", options, sk.r2_score(t, y))})

    compared("numbers", (1,))
    compared("numbers_of_three", (3,), outputs=3)
    compared("numbers_far_away", (), center=2000.0, offset=2000.5)
