"""Ten batches as Krizhevsky, Sutskever and Hinton describe them ("ImageNet Classification with Deep Convolutional Neural Networks",
2012), in PyTorch, from the paper's text and not from this library:

    python3 paper.py [OUT_DIR]        # default: this folder; writes paper/*.safetensors

Section 2   pixels from 0 to 255, less the mean of each pixel of the picture over the training set
Section 3   two groups in conv2, 4 and 5; local response normalization by its formula; overlapping pools
Section 4   crops and mirror images; the colour shift by eigenvectors and eigenvalues; dropout, made up for in the test
Section 5   first weights of deviation 0.01 and biases of 0 or 1; the update rule with the rate inside; the rate divided by ten

Autograd, convolution, pooling and PyTorch's matrix products are used; the rest is written out. What the paper leaves to chance is drawn
as the library draws it, so that both see the same pictures: the order, crops, mirror images and colours by splitmix32, the masks of
dropout by Philox4x32-10. The network is a sixteenth of the width on crops of 67 of pictures of 75 pixels, all in float64. In so narrow
a network weights of 0.01 let little of a picture through, so there is a second case, `grown`, with weights six times as large and a smaller rate.
"""
import math, pathlib, sys
import numpy as np
import torch
import torch.nn.functional as F
from generate import formula, save_safetensors

SIZE, CROP, BATCH, STEPS, TRAIN, CHECK, CLASSES, SEED, MASKS = 75, 67, 8, 10, 80, 12, 2, 3, 11
U32 = 0xFFFFFFFF


# ---- pictures: the same bytes as paper.test.ts makes -----------------------------------------------------------

def byte(n, salt):
    return np.minimum(255, np.floor((formula(n, salt, 1.0).astype(np.float64) + 1) * 128)).astype(np.int64)


def pictures(count):
    """(count, 3, SIZE, SIZE): light, a pattern that all share, one of its own, a tint, and noise. Odd pictures are redder."""
    cells = SIZE // 15
    light, tint = byte(count, 1), byte(count * 3, 2).reshape(count, 3)
    tint[1::2, 0] = (tint[1::2, 0] + 255) // 2
    shared, own = byte(cells * cells, 3).reshape(cells, cells), byte(count * cells * cells, 4).reshape(count, cells, cells)
    noise = byte(count * 3 * SIZE * SIZE, 5).reshape(count, 3, SIZE, SIZE)
    large = lambda a: a.repeat(15, -1).repeat(15, -2)
    sum12 = 2 * light[:, None, None, None] + 2 * large(shared) + 3 * large(own)[:, None] + 3 * tint[:, :, None, None] + 2 * noise
    return sum12 // 12


# ---- chance -----------------------------------------------------------------------------------------------------

def mix_key(*parts):
    h = 0x9E3779B9
    for part in parts:
        h = ((h ^ part) * 0x85EBCA6B) & U32
        h = ((h ^ (h >> 13)) * 0xC2B2AE35) & U32
        h ^= h >> 16
    return h


class Chance:
    def __init__(self, state):
        self.state = state

    def unit(self):
        self.state = (self.state + 0x9E3779B9) & U32
        z = self.state
        z = ((z ^ (z >> 16)) * 0x21F0AAAD) & U32
        z = ((z ^ (z >> 15)) * 0x735A2D97) & U32
        return (z ^ (z >> 15)) / 2**32

    def below(self, count):
        return math.floor(self.unit() * count)

    def normal(self):
        return math.sqrt(-2 * math.log(1 - self.unit())) * math.cos(2 * math.pi * self.unit())


def order_of(epoch):
    order, chance = list(range(TRAIN)), Chance(mix_key(SEED, epoch, 0x0BDE))
    for i in range(TRAIN - 1, 0, -1):
        j = chance.below(i + 1)
        order[i], order[j] = order[j], order[i]
    return order


def dropout_mask(shape, stream):
    """Kept with probability 1/2: where a word of Philox4x32-10, keyed by (MASKS, stream), is 2^31 or more."""
    count = int(np.prod(shape))
    c = [np.arange((count + 3) // 4, dtype=np.uint64)] + [np.zeros((count + 3) // 4, dtype=np.uint64) for _ in range(3)]
    k0, k1 = MASKS, stream
    for _ in range(10):
        a, b = c[0] * np.uint64(0xD2511F53), c[2] * np.uint64(0xCD9E8D57)
        low = lambda v: v & np.uint64(U32)
        c = [(b >> np.uint64(32)) ^ c[1] ^ np.uint64(k0), low(b), (a >> np.uint64(32)) ^ c[3] ^ np.uint64(k1), low(a)]
        k0, k1 = (k0 + 0x9E3779B9) & U32, (k1 + 0xBB67AE85) & U32
    words = np.stack(c, 1).reshape(-1)[:count]
    return torch.from_numpy((words >= np.uint64(2**31)).astype(np.float64).reshape(shape))


# ---- sections 2 and 4.1: from pictures to inputs ---------------------------------------------------------------

class Preparation:
    def __init__(self, train):
        self.mean = train.mean(0)  # of each pixel, over the training set
        rgb = train.transpose(1, 0, 2, 3).reshape(3, -1) / 255.0
        self.eigenvalues, vectors = np.linalg.eigh(np.cov(rgb, bias=True))
        self.eigenvalues, vectors = self.eigenvalues[::-1], vectors[:, ::-1]  # strongest first
        # An eigenvector and its opposite are the same axis: the one whose largest part is positive is taken.
        self.p = vectors * np.sign(vectors[np.abs(vectors).argmax(0), [0, 1, 2]])

    def train(self, picture, number, epoch):
        chance = Chance(mix_key(SEED, epoch, number))
        left, top = chance.below(SIZE - CROP + 1), chance.below(SIZE - CROP + 1)
        mirror = chance.unit() < 0.5
        alpha = np.array([0.1 * chance.normal() for _ in range(3)])
        colour = 255 * self.p @ (alpha * self.eigenvalues)  # of colours from 0 to 1: see docs/paper.md
        crop = (picture - self.mean + colour[:, None, None])[:, top:top + CROP, left:left + CROP]
        return crop[:, :, ::-1] if mirror else crop

    def test(self, picture):
        at = (SIZE - CROP) // 2
        return (picture - self.mean)[:, at:at + CROP, at:at + CROP]


# ---- section 3: the network ------------------------------------------------------------------------------------

C = [8, 16, 24, 24, 16]  # 96, 256, 384, 384, 256 at a sixteenth, in eights
HIDDEN = 256


def first_weights(deviation):
    shapes = [("conv1", (C[0], 3, 11, 11)), ("conv2", (C[1], C[0] // 2, 5, 5)), ("conv3", (C[2], C[1], 3, 3)),
              ("conv4", (C[3], C[2] // 2, 3, 3)), ("conv5", (C[4], C[3] // 2, 3, 3)),
              ("fc6", (HIDDEN, C[4])), ("fc7", (HIDDEN, HIDDEN)), ("fc8", (CLASSES, HIDDEN))]
    w = {}
    for i, (name, shape) in enumerate(shapes):
        # Uniform numbers of this deviation, by the formula that both sides know, in the place of normal ones.
        values = formula(int(np.prod(shape)), 2 * i + 1, deviation * math.sqrt(3))
        w[name + ".weight"] = torch.from_numpy(values.astype(np.float64).reshape(shape))
        one = name in ("conv2", "conv4", "conv5", "fc6", "fc7")  # "and the fully-connected hidden layers"
        w[name + ".bias"] = torch.full((shape[0],), 1.0 if one else 0.0, dtype=torch.float64)
    return w


def response_normalization(a, seen):
    k, n, alpha, beta = 2.0, 5, 1e-4, 0.75
    channels, out = a.shape[1], []
    for i in range(channels):
        near = a[:, max(0, i - n // 2):min(channels - 1, i + n // 2) + 1]
        out.append(a[:, i] / (k + alpha * (near ** 2).sum(1)) ** beta)
    b = torch.stack(out, 1)
    ratio = (b[a > 0] / a[a > 0]).detach()
    seen.append([ratio.min().item(), ratio.mean().item(), ratio.max().item()])
    return b


def network(w, x, masks=None):
    """Logits, and what the two normalizations multiply by: least, mean, most. With masks in training, else times 0.5."""
    seen = []
    drop = lambda y, i: y * masks(y.shape, i) if masks else y * 0.5
    conv = lambda y, name, **how: F.relu(F.conv2d(y, w[name + ".weight"], w[name + ".bias"], **how))
    dense = lambda y, name: y @ w[name + ".weight"].T + w[name + ".bias"]
    y = F.max_pool2d(response_normalization(conv(x, "conv1", stride=4), seen), 3, 2)
    y = F.max_pool2d(response_normalization(conv(y, "conv2", padding=2, groups=2), seen), 3, 2)
    y = conv(conv(y, "conv3", padding=1), "conv4", padding=1, groups=2)
    y = F.max_pool2d(conv(y, "conv5", padding=1, groups=2), 3, 2).flatten(1)
    y = drop(F.relu(dense(y, "fc6")), 0)
    y = drop(F.relu(dense(y, "fc7")), 1)
    return dense(y, "fc8"), seen


def mean_loss(logits, labels):
    """The mean of -log of the softmax's probability for the label."""
    top = logits.max(1, keepdim=True).values
    log_sum = (logits - top).exp().sum(1).log() + top[:, 0]
    return (log_sum - logits[torch.arange(len(labels)), labels]).mean()


# ---- section 5: training ---------------------------------------------------------------------------------------

def ten_batches(out, name, deviation, first_rate):
    everything = pictures(TRAIN + CHECK).astype(np.float64)
    train, check = everything[:TRAIN], everything[TRAIN:]
    prepare = Preparation(train)
    w = first_weights(deviation)
    start = {key: value.clone() for key, value in w.items()}
    v = {key: torch.zeros_like(value) for key, value in w.items()}
    order, rate, losses, seen, gradients = order_of(0), first_rate, [], [], {}
    for t in range(STEPS):
        if t == STEPS // 2:
            rate /= 10
        numbers = order[t * BATCH:(t + 1) * BATCH]
        x = torch.from_numpy(np.stack([prepare.train(train[n], n, 0) for n in numbers]).copy())
        labels = torch.tensor([n % 2 for n in numbers])
        for value in w.values():
            value.requires_grad_(True)
        logits, ratios = network(w, x, lambda shape, i: dropout_mask(tuple(shape), 2 * t + i))
        loss = mean_loss(logits, labels)
        loss.backward()
        losses.append(loss.item()), seen.append(ratios)
        with torch.no_grad():
            for key, value in w.items():
                g = value.grad
                if t == 0:
                    gradients[key] = g.norm().item()
                v[key] = 0.9 * v[key] - 0.0005 * rate * value - rate * g
                w[key] = (value + v[key]).detach()
    x = torch.from_numpy(np.stack([prepare.test(picture) for picture in check]).copy())
    labels = torch.tensor([(TRAIN + i) % 2 for i in range(CHECK)])
    logits, _ = network(w, x)
    tensors = {
        "output.loss": np.array(losses), "output.lrn1": np.array(seen)[:, 0], "output.lrn2": np.array(seen)[:, 1],
        "output.eigenvalues": prepare.eigenvalues.copy(), "output.axes": prepare.p.T.copy(),
        "output.mean_image": prepare.mean[:, ::7, ::7].copy(),
        "output.check_logits": logits.detach(), "output.check_loss": mean_loss(logits, labels).detach().reshape(1),
    }
    for key in w:
        tensors["output.gradnorm." + key] = np.array([gradients[key]])
        tensors["output.change." + key] = np.array([(w[key] - start[key]).norm().item()])
    save_safetensors(pathlib.Path(out) / "paper" / f"{name}.safetensors", tensors, {
        "op": "paper", "torch": torch.__version__, "call": "see paper.py",
        "args": {"deviation": deviation, "rate": first_rate, "size": SIZE, "crop": CROP, "batch": BATCH, "steps": STEPS, "train": TRAIN, "check": CHECK, "seed": SEED, "masks": MASKS}})
    print(f"{name}: losses", np.round(losses, 4).tolist())
    for layer, values in (("norm1", np.array(seen)[:, 0]), ("norm2", np.array(seen)[:, 1])):
        print(f"  {layer} multiplies by {values[:, 0].min():.4f} to {values[:, 2].max():.4f}, {values[:, 1].mean():.4f} in the mean")


if __name__ == "__main__":
    folder = sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parent
    ten_batches(folder, "ten_batches", deviation=0.01, first_rate=0.01)
    ten_batches(folder, "grown", deviation=0.06, first_rate=0.001)
