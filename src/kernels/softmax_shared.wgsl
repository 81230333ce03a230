// softmax_shared: softmax.wgsl for inner = 1, a row shared by the lanes of a workgroup: what GPUs run for long rows.
//   x, y (count, length)
// One workgroup owns one row.

const LANES: u32 = 256; // slot

alias T = f32; // slot
struct Params { count: u32, length: u32, x_base: u32, y_base: u32 }
@group(0) @binding(0) var<storage, read> x: array<T>;
@group(0) @binding(1) var<storage, read_write> y: array<T>;
@group(1) @binding(0) var<uniform> p: Params;

var<workgroup> parts: array<vec2f, LANES>;

fn finish(shifted: f32, sum: f32) -> f32 { return exp(shifted) / sum; } // slot: shifted - logarithm(sum)

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

@compute @workgroup_size(LANES)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) lane: u32) {
  let row = workgroup.x + workgroup.y * groups.x;
  if (row >= p.count) { return; }
  let at = row * p.length;
  var top = f32(x[p.x_base + at + min(lane, p.length - 1u)]);
  var all = 0.0;
  for (var r = lane; r < p.length; r += LANES) {
    let value = f32(x[p.x_base + at + r]);
    top = max(top, value);
    all += value * SHRINK;
  }
  let whole = top_and_sum(lane, vec2f(top, all));
  top = whole.x;
  var sum = 0.0;
  for (var r = lane; r < p.length; r += LANES) { sum += exp(f32(x[p.x_base + at + r]) - top); }
  sum = start_of_sum(top, whole.y) + sums(lane, vec2f(sum, 0.0)).x;
  for (var r = lane; r < p.length; r += LANES) { y[p.y_base + at + r] = T(finish(f32(x[p.x_base + at + r]) - top, sum)); }
}
