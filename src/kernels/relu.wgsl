// relu: y = max(x, 0), elementwise; NaN stays.        x, y (count), as vec4
// One thread owns four vec4 of the result, a workgroup apart. The test is by x's bits as a signed integer: those of positive
// numbers and NaN are above minus infinity's, those of negative numbers are not.

const MINUS_INFINITY: i32 = -0x800000;

alias T = f32; // slot
struct Params { count: u32 }
@group(0) @binding(0) var<storage, read> x: array<vec4<T>>;
@group(0) @binding(1) var<storage, read_write> y: array<vec4<T>>;
@group(1) @binding(0) var<uniform> p: Params;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) lane: u32) {
  let first = (workgroup.x + workgroup.y * groups.x) * 256u + lane;
  for (var j = 0u; j < 4u; j++) {
    let i = first + j * 64u;
    if (i * 4u < p.count) {
      let v = vec4f(x[i]);
      y[i] = vec4<T>(select(vec4f(), v, bitcast<vec4i>(v) > vec4i(MINUS_INFINITY)));
    }
  }
}
