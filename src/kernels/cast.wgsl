// cast: y = x in another dtype.        x, y (count), as vec4
// One thread owns one vec4 of the result. f32 to i32 rounds towards zero.

alias source = vec4i; // slot: vec4i | vec4f
alias result = vec4f; // slot: vec4f | vec4i
struct Params { count: u32 }
@group(0) @binding(0) var<storage, read> x: array<source>;
@group(0) @binding(1) var<storage, read_write> y: array<result>;
@group(1) @binding(0) var<uniform> p: Params;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) lane: u32) {
  let i = (workgroup.x + workgroup.y * groups.x) * 64u + lane;
  if (i * 4u < p.count) { y[i] = result(x[i]); }
}
