// softmax_grad: dx = y * (dy - sum over r of y * dy); with the slots changed, log-softmax's dy - exp(y) * sum dy.
//   y, dy, dx (outer, length, inner)
// One thread owns one row of `length` elements.

alias T = f32; // slot
struct Params { count: u32, length: u32, inner: u32, y_base: u32, dy_base: u32, dx_base: u32 }
@group(0) @binding(0) var<storage, read> y: array<T>;
@group(0) @binding(1) var<storage, read> dy: array<T>;
@group(0) @binding(2) var<storage, read_write> dx: array<T>;
@group(1) @binding(0) var<uniform> p: Params;

fn term(y: f32, dy: f32) -> f32 { return y * dy; } // slot: dy
fn finish(y: f32, dy: f32, sum: f32) -> f32 { return y * (dy - sum); } // slot: select(dy - exp(y) * sum, y, is_nan(y))

// By its bits: a compiler may assume that there are no NaNs.
fn is_nan(v: f32) -> bool { return (bitcast<u32>(v) & 0x7fffffffu) > 0x7f800000u; } // shared

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) lane: u32) {
  let t = (workgroup.x + workgroup.y * groups.x) * 64u + lane;
  if (t >= p.count) { return; }
  let at = t / p.inner * p.length * p.inner + t % p.inner;
  var sum = 0.0;
  for (var r = 0u; r < p.length; r++) { sum += term(f32(y[p.y_base + at + r * p.inner]), f32(dy[p.dy_base + at + r * p.inner])); }
  for (var r = 0u; r < p.length; r++) {
    let i = at + r * p.inner;
    dx[p.dx_base + i] = T(finish(f32(y[p.y_base + i]), f32(dy[p.dy_base + i]), sum));
  }
}
