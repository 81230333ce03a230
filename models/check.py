"""The trained network once more, in PyTorch: python3 models/check.py FOLDER [check.json]

FOLDER holds pictures called cat.N.jpg and dog.N.jpg. Prints the accuracy with one crop and with ten, and what is called what; writes
the results to check.json, with the logits of three patterns, which test/models/trained.test.ts compares with this library's.
Needs torch, numpy, Pillow and safetensors.
"""
import json, os, sys, zlib
import numpy as np, torch, torch.nn.functional as F
from PIL import Image
from safetensors import safe_open

path = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'dogcat.safetensors')
with safe_open(path, 'pt') as file:
    facts = json.loads(file.metadata()['facts'])
    w = {name.removeprefix('model.'): file.get_tensor(name).float() for name in file.keys()}

# The network.
norm = lambda x, i: F.batch_norm(x, w[f'norm{i}.runningMean'], w[f'norm{i}.runningVar'], w[f'norm{i}.weight'], w[f'norm{i}.bias'])
conv = lambda x, i, **how: norm(F.relu(F.conv2d(x, w[f'conv{i}.weight'], w[f'conv{i}.bias'], **how)), i)
dense = lambda x, i: F.linear(x, w[f'fc{i}.weight'], w[f'fc{i}.bias'])
pool = lambda x: F.max_pool2d(x, 3, 2)
def logits(x):
    x = pool(conv(F.pad(x, (4, 4, 4, 4)), 1, stride=4))
    x = pool(conv(x, 2, padding=2))
    x = pool(conv(conv(conv(x, 3, padding=1), 4, padding=1), 5, padding=1)).flatten(1)
    for i in (6, 7): x = norm(F.relu(dense(x, i)), i)
    return dense(x, 8)

# A picture: its shorter side scaled to 136, of the central square ten crops of 115, each channel less the mean and over the deviation.
stored, crop, classes = facts['options']['stored'], facts['options']['image'], facts['classes']
mean, std = (torch.tensor(facts['colours'][name]).view(3, 1, 1) for name in ('mean', 'std'))
def crops(name):
    picture = Image.open(name).convert('RGB')
    scale = stored / min(picture.size)
    width, height = (max(stored, int(side * scale + 0.5)) for side in picture.size)
    x = torch.from_numpy(np.asarray(picture.resize((width, height), Image.BILINEAR)).copy()).permute(2, 0, 1).float()
    top, left, rest = (height - stored) // 2, (width - stored) // 2, stored - crop
    x = (x[:, top:top + stored, left:left + stored] - mean) / std
    places = [(rest // 2, rest // 2), (0, 0), (0, rest), (rest, 0), (rest, rest)]
    return torch.stack([x[:, a:a + crop, b:b + crop] for a, b in places] + [x[:, a:a + crop, b:b + crop].flip(2) for a, b in places])

folder, out = sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else None
names = sorted(name for name in os.listdir(folder) if name.endswith('.jpg'))
truth = np.array([classes.index(name.split('.')[0]) for name in names])
with torch.no_grad():
    found = np.stack([F.softmax(logits(crops(os.path.join(folder, name))), 1).numpy() for name in names])
    patterns = [torch.sin(torch.arange(3 * crop * crop, dtype=torch.float64) * step).float().view(1, 3, crop, crop) for step in (0.37, 0.011, 0.0003)]
    result = {'file': zlib.crc32(open(path, 'rb').read()), 'logits': [logits(x)[0].tolist() for x in patterns]}
for title, chosen in (('single crop', found[:, 0]), ('ten crops', found.mean(1))):
    called = chosen.argmax(1)
    counts = [[int(((truth == t) & (called == c)).sum()) for c in range(len(classes))] for t in range(len(classes))]
    right = int((called == truth).sum())
    result[title] = {'right': right, 'of': len(names), 'counts': counts}
    print(f'{title}: {100 * right / len(names):.2f} % ({right} of {len(names)}); called {classes}: {counts}')
if out: open(out, 'w').write(json.dumps(result, indent=2) + '\n')
