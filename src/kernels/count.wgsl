// count: y[k] += how many of x are k. What is no place of y counts nowhere.        x (count), y (bins)
// One thread owns one x. Whole numbers add up to the same in any order.

struct Params { count: u32, bins: u32, x_base: u32 }
@group(0) @binding(0) var<storage, read> x: array<i32>;
@group(0) @binding(1) var<storage, read_write> y: array<atomic<u32>>;
@group(1) @binding(0) var<uniform> p: Params;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) lane: u32) {
  let i = (workgroup.x + workgroup.y * groups.x) * 64u + lane;
  if (i >= p.count) { return; }
  let k = u32(x[p.x_base + i]); // what is below 0 becomes larger than any place
  if (k < p.bins) { atomicAdd(&y[k], 1u); }
}
