// cross_entropy: loss[n] = sum over c of q[c] * (log(sum exp(x)) - x[n, c]), where q is the target's distribution:
// 1 - smoothing on the target, smoothing / classes on every class, each times the class's weight where there are weights.
// A row with the ignored target counts nothing, whatever its logits.
//   logits (outer, classes, inner), targets, loss, counted (outer * inner), weight (classes), or any buffer where not WEIGHTED
//   counted is the target's weight, 1 without weights, or 0 where ignored
// One thread owns one row. A target that names no class, ignored or not, is never used as an index.

const WEIGHTED: bool = false; // slot

struct Params { count: u32, classes: u32, inner: u32, ignore_index: i32, smoothing: f32, logits_base: u32, targets_base: u32, loss_base: u32, counted_base: u32 }
@group(0) @binding(0) var<storage, read> logits: array<f32>;
@group(0) @binding(1) var<storage, read> targets: array<i32>;
@group(0) @binding(2) var<storage, read> weight: array<f32>;
@group(0) @binding(3) var<storage, read_write> loss: array<f32>;
@group(0) @binding(4) var<storage, read_write> counted: array<f32>;
@group(1) @binding(0) var<uniform> p: Params;

// The language's own logarithm may be off by 5e-7 around 1. x = 2^k (1 + f) with 1 + f around 1; the rest is the series of
// fdlibm's logf. For finite x >= 1; NaN stays.
fn logarithm(x: f32) -> f32 { // shared
  let bits = bitcast<u32>(x) + 0x4afb0du;
  let k = f32(i32(bits >> 23u) - 127);
  let f = bitcast<f32>((bits & 0x7fffffu) + 0x3f3504f3u) - 1.0;
  let s = f / (2.0 + f);
  let z = s * s;
  let series = z * (0.66666663 + z * (0.40000972 + z * (0.28498787 + z * 0.24279079)));
  let half = 0.5 * f * f;
  return select(s * (half + series) + k * 9.0580006e-6 - half + f + k * 0.69313812, x, is_nan(x));
}

// By its bits: a compiler may assume that there are no NaNs.
fn is_nan(v: f32) -> bool { return (bitcast<u32>(v) & 0x7fffffffu) > 0x7f800000u; } // shared

const SHRINK = 5.9604645e-8; // 2^-24

// The sum of exponentials starts at 0, but at NaN if the row has one or its top is infinite: max and exp need not pass that
// on. `all` is the row's sum, made small so that finite numbers do not add up to an infinity.
fn start_of_sum(top: f32, all: f32) -> f32 { // shared
  let bits = bitcast<u32>(select(top, all, is_nan(all)));
  return select(0.0, bitcast<f32>(bits | 0x7fc00000u), (bits & 0x7f800000u) == 0x7f800000u);
}

// What class c counts.
fn class_weight(c: u32) -> f32 { // shared
  if (WEIGHTED) { return weight[c]; }
  return 1.0;
}

// The loss of a row from the logarithm of its sum, the weight and the distance below top of its target, and the sums over classes.
fn loss_of(log_sum: f32, own: f32, on_target: f32, weights: f32, below_top: f32) -> f32 { // shared
  let on_average = below_top / f32(p.classes);
  let share = (1.0 - p.smoothing) * own;
  let all = select(1.0, share + p.smoothing * (weights / f32(p.classes)), WEIGHTED);
  // A weight of 0 selects: times an infinity it would be NaN.
  return all * log_sum + select(0.0, share * on_target, share != 0.0) + select(0.0, p.smoothing * on_average, p.smoothing > 0.0);
}

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) lane: u32) {
  let row = (workgroup.x + workgroup.y * groups.x) * 64u + lane;
  if (row >= p.count) { return; }
  let at = p.logits_base + row / p.inner * p.classes * p.inner + row % p.inner;
  let target_class = targets[p.targets_base + row];
  let ignored = target_class == p.ignore_index;
  var top = logits[at];
  var all = top * SHRINK;
  for (var c = 1u; c < p.classes; c++) {
    let x = logits[at + c * p.inner];
    top = max(top, x);
    all += x * SHRINK;
  }
  var sum = start_of_sum(top, all);
  var below_top = 0.0; // the sum over classes of weight * (top - x)
  var weights = 0.0;
  for (var c = 0u; c < p.classes; c++) {
    let x = logits[at + c * p.inner] - top;
    sum += exp(x);
    below_top -= class_weight(c) * x;
    weights += class_weight(c);
  }
  let on_class = min(u32(target_class), p.classes - 1u);
  let own = class_weight(on_class);
  loss[p.loss_base + row] = select(loss_of(logarithm(sum), own, top - logits[at + on_class * p.inner], weights, below_top), 0.0, ignored);
  counted[p.counted_base + row] = select(own, 0.0, ignored);
}
