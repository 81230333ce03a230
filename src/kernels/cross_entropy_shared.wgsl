// cross_entropy_shared: cross_entropy.wgsl for inner = 1, a row shared by the lanes of a workgroup: what GPUs run for long rows.
//   logits (count, classes), targets, loss, counted (count), weight (classes), or any buffer where not WEIGHTED
// One workgroup owns one row.

const LANES: u32 = 256; // slot
const WEIGHTED: bool = false; // slot

struct Params { count: u32, classes: u32, ignore_index: i32, smoothing: f32, logits_base: u32, targets_base: u32, loss_base: u32, counted_base: u32 }
@group(0) @binding(0) var<storage, read> logits: array<f32>;
@group(0) @binding(1) var<storage, read> targets: array<i32>;
@group(0) @binding(2) var<storage, read> weight: array<f32>;
@group(0) @binding(3) var<storage, read_write> loss: array<f32>;
@group(0) @binding(4) var<storage, read_write> counted: array<f32>;
@group(1) @binding(0) var<uniform> p: Params;

var<workgroup> parts: array<vec2f, LANES>;

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

// The largest of the lanes' first numbers and the sum of their second ones, for all lanes.
fn top_and_sum(lane: u32, part: vec2f) -> vec2f { // shared
  parts[lane] = part;
  workgroupBarrier();
  for (var span = LANES / 2u; span > 0u; span /= 2u) {
    if (lane < span) { parts[lane] = vec2f(max(parts[lane].x, parts[lane + span].x), parts[lane].y + parts[lane + span].y); }
    workgroupBarrier();
  }
  let result = parts[0];
  workgroupBarrier(); // parts may be written again
  return result;
}

// The sums of the numbers of LANES lanes, in a fixed order, for each of them.
fn sums(lane: u32, part: vec2f) -> vec2f { // shared
  parts[lane] = part;
  workgroupBarrier();
  for (var span = LANES / 2u; span > 0u; span /= 2u) {
    if (lane % LANES < span) { parts[lane] += parts[lane + span]; }
    workgroupBarrier();
  }
  let result = parts[lane / LANES * LANES];
  workgroupBarrier(); // parts may be written again
  return result;
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

@compute @workgroup_size(LANES)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) lane: u32) {
  let row = workgroup.x + workgroup.y * groups.x;
  if (row >= p.count) { return; }
  let at = p.logits_base + row * p.classes;
  var top = logits[at + min(lane, p.classes - 1u)];
  var all = 0.0;
  for (var c = lane; c < p.classes; c += LANES) {
    let x = logits[at + c];
    top = max(top, x);
    all += x * SHRINK;
  }
  let whole = top_and_sum(lane, vec2f(top, all));
  top = whole.x;
  var sum = 0.0;
  var below_top = 0.0; // the sum over classes of weight * (top - x)
  var weights = 0.0;
  for (var c = lane; c < p.classes; c += LANES) {
    let x = logits[at + c] - top;
    sum += exp(x);
    below_top -= class_weight(c) * x;
    weights += class_weight(c);
  }
  let rest = sums(lane, vec2f(sum, below_top));
  if (WEIGHTED) { weights = sums(lane, vec2f(weights, 0.0)).x; }
  if (lane > 0u) { return; }
  sum = start_of_sum(top, whole.y) + rest.x;
  let target_class = targets[p.targets_base + row];
  let ignored = target_class == p.ignore_index;
  let on_class = min(u32(target_class), p.classes - 1u);
  let own = class_weight(on_class);
  loss[p.loss_base + row] = select(loss_of(logarithm(sum), own, top - logits[at + on_class], weights, rest.y), 0.0, ignored);
  counted[p.counted_base + row] = select(own, 0.0, ignored);
}
