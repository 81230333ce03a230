// cast: y = x in another dtype.        x, y (count), as vec4
// One thread owns one vec4 of the result. Floats to i32 round towards zero, by way of
// f32: an infinite half is no 65504.

alias source = i32; // slot: i32 | f32 | f16
alias result = f32; // slot: f32 | f16 | i32
struct Params { count: u32 }
@group(0) @binding(0) var<storage, read> x: array<vec4<source>>;
@group(0) @binding(1) var<storage, read_write> y: array<vec4<result>>;
@group(1) @binding(0) var<uniform> p: Params;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) lane: u32) {
  let i = (workgroup.x + workgroup.y * groups.x) * 64u + lane;
  if (i * 4u < p.count) { y[i] = vec4<result>(vec4f(x[i])); }
}
