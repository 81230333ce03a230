#!/usr/bin/env bash
# bench/gpu.sh [FOLDER]: the whole report of a GPU machine in one command, in at most eight minutes: what the adapter
# offers, every kernel's share of its peak, all kernel variants, AlexNet at batch 128, and PyTorch's beside it where
# python3 has torch. Needs Node 20 and the built project (`npm run build`); bench/results/ by default.
set -euo pipefail
cd "$(dirname "$0")/.."
out=${1:-bench/results}
[[ -f .gpu/activate.sh ]] && . .gpu/activate.sh
[[ -d build ]] || npm run --silent build
mkdir -p "$out"

echo '== adapter'
node build/src/node/doctor-cli.js | tee "$out/adapter.txt"
name=$(node -e "
  import('./build/src/index.js').then(async (w) => {
    await w.init();
    const { vendor, architecture, device } = w.deviceInfo();
    console.log([vendor, architecture, device].filter(Boolean).join('-').toLowerCase().replace(/[^a-z0-9]+/g, '-'));
    process.exit(0);
  })")

echo '== all cases'
timeout 300 node build/bench/main.js --rounds 7 --json "$out/$name.json" --report "$out/$name.md"

for variant in tiled subgroup; do
  echo "== products and convolutions by $variant kernels"
  timeout 60 node build/bench/main.js --rounds 5 --variant "$variant" --json "$out/$name-$variant.json" 'gemm 1024' 'gemm 2048' conv ||
    echo "($variant cannot run here)"
done

if python3 -c 'import torch; assert torch.cuda.is_available()' 2>/dev/null; then
  echo '== PyTorch, AlexNet at batch 128, fp32 without TF32'
  timeout 60 python3 bench/pytorch-alexnet.py | tee "$out/$name-pytorch.txt"
fi
