// relu_grad: dx = 0 where y is 0, else dy: where y is positive or NaN. The result is all that is needed, so x need not be
// kept.
//   y, dy, dx (count), as vec4
// One thread owns four vec4 of the result, a workgroup apart.

alias T = f32; // slot
struct Params { count: u32 }
@group(0) @binding(0) var<storage, read> y: array<vec4<T>>;
@group(0) @binding(1) var<storage, read> dy: array<vec4<T>>;
@group(0) @binding(2) var<storage, read_write> dx: array<vec4<T>>;
@group(1) @binding(0) var<uniform> p: Params;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) lane: u32) {
  let first = (workgroup.x + workgroup.y * groups.x) * 256u + lane;
  for (var j = 0u; j < 4u; j++) {
    let i = first + j * 64u;
    if (i * 4u < p.count) { dx[i] = select(vec4<T>(), dy[i], bitcast<vec4u>(vec4f(y[i])) != vec4u()); }
  }
}
