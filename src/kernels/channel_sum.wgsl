// channel_sum: partial[n, c] = sum over the plane of x[n, c].        x (batch, channels, plane)
// The first pass of a bias gradient; sum_slices.wgsl adds the images up. One thread owns one plane.

const RUN: u32 = 64; // a sum of short sums loses less to rounding than one long sum

alias T = f32; // slot
struct Params { planes: u32, plane: u32, x_base: u32, partial_base: u32 }
@group(0) @binding(0) var<storage, read> x: array<T>;
@group(0) @binding(1) var<storage, read_write> partial: array<f32>;
@group(1) @binding(0) var<uniform> p: Params;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) lane: u32) {
  let i = (workgroup.x + workgroup.y * groups.x) * 64u + lane;
  if (i >= p.planes) { return; }
  var sum = 0.0;
  for (var start = 0u; start < p.plane; start += RUN) {
    var run = 0.0;
    for (var j = start; j < min(start + RUN, p.plane); j++) { run += f32(x[p.x_base + i * p.plane + j]); }
    sum += run;
  }
  partial[p.partial_base + i] = sum;
}
