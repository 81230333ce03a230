// softmax_grad_shared: softmax_grad.wgsl for inner = 1, a row shared by the lanes of a workgroup: what GPUs run for long rows.
//   y, dy, dx (count, length)
// One workgroup owns one row.

const LANES: u32 = 256; // slot

alias T = f32; // slot
struct Params { count: u32, length: u32, y_base: u32, dy_base: u32, dx_base: u32 }
@group(0) @binding(0) var<storage, read> y: array<T>;
@group(0) @binding(1) var<storage, read> dy: array<T>;
@group(0) @binding(2) var<storage, read_write> dx: array<T>;
@group(1) @binding(0) var<uniform> p: Params;

var<workgroup> parts: array<vec2f, LANES>;

fn term(y: f32, dy: f32) -> f32 { return y * dy; } // slot: dy
fn finish(y: f32, dy: f32, sum: f32) -> f32 { return y * (dy - sum); } // slot: select(dy - exp(y) * sum, y, is_nan(y))

// By its bits: a compiler may assume that there are no NaNs.
fn is_nan(v: f32) -> bool { return (bitcast<u32>(v) & 0x7fffffffu) > 0x7f800000u; } // shared

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
  var part = 0.0;
  for (var r = lane; r < p.length; r += LANES) { part += term(f32(y[p.y_base + at + r]), f32(dy[p.dy_base + at + r])); }
  let sum = sums(lane, vec2f(part, 0.0)).x;
  for (var r = lane; r < p.length; r += LANES) {
    let i = at + r;
    dx[p.dx_base + i] = T(finish(f32(y[p.y_base + i]), f32(dy[p.dy_base + i]), sum));
  }
}
