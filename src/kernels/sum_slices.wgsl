// sum_slices: y[i] = sum over s of partial[s, i] (+ y[i]).        partial (slices, count), y (count)
// The second pass of every split sum: in a fixed order, so that the result is the same each time.
// One thread owns one element of y.

struct Params { count: u32, slices: u32, accumulate: u32, partial_base: u32, y_base: u32 }
@group(0) @binding(0) var<storage, read> partial: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;
@group(1) @binding(0) var<uniform> p: Params;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) lane: u32) {
  let i = (workgroup.x + workgroup.y * groups.x) * 64u + lane;
  if (i >= p.count) { return; }
  var sum = 0.0;
  if (p.accumulate != 0u) { sum = y[p.y_base + i]; }
  for (var s = 0u; s < p.slices; s++) { sum += partial[p.partial_base + s * p.count + i]; }
  y[p.y_base + i] = sum;
}
