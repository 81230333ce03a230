// loss: y = f(x, t), elementwise: a prediction against its target.        x, t, y (count), as vec4
// One thread owns one vec4 of the result.

struct Params { count: u32 }
@group(0) @binding(0) var<storage, read> x: array<vec4f>;
@group(0) @binding(1) var<storage, read> t: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> y: array<vec4f>;
@group(1) @binding(0) var<uniform> p: Params;

fn f(x: vec4f, t: vec4f) -> vec4f { return (x - t) * (x - t); } // slot

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) lane: u32) {
  let i = (workgroup.x + workgroup.y * groups.x) * 64u + lane;
  if (i * 4u < p.count) { y[i] = f(x[i], t[i]); }
}
