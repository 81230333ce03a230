// softmax: y[o, r, i] = exp(x - top) / sum over r of exp(x - top); with the slot changed, its logarithm.
//   x, y (outer, length, inner)
// One thread owns one row of `length` elements.

struct Params { count: u32, length: u32, inner: u32, x_base: u32, y_base: u32 }
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;
@group(1) @binding(0) var<uniform> p: Params;

fn finish(shifted: f32, sum: f32) -> f32 { return exp(shifted) / sum; } // slot: shifted - log(sum)

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) lane: u32) {
  let t = (workgroup.x + workgroup.y * groups.x) * 64u + lane;
  if (t >= p.count) { return; }
  let row = t / p.inner * p.length * p.inner + t % p.inner;
  let at = p.x_base + row;
  var top = x[at];
  for (var r = 1u; r < p.length; r++) { top = max(top, x[at + r * p.inner]); }
  var sum = 0.0;
  for (var r = 0u; r < p.length; r++) { sum += exp(x[at + r * p.inner] - top); }
  for (var r = 0u; r < p.length; r++) { y[p.y_base + row + r * p.inner] = finish(x[at + r * p.inner] - top, sum); }
}
