// where: y = a where condition is not 0 (NaN is not), else b.        condition, a, b, y (count), as vec4
// One thread owns one vec4 of the result.

alias T = f32; // slot
struct Params { count: u32 }
@group(0) @binding(0) var<storage, read> condition: array<vec4<T>>;
@group(0) @binding(1) var<storage, read> a: array<vec4<T>>;
@group(0) @binding(2) var<storage, read> b: array<vec4<T>>;
@group(0) @binding(3) var<storage, read_write> y: array<vec4<T>>;
@group(1) @binding(0) var<uniform> p: Params;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) lane: u32) {
  let i = (workgroup.x + workgroup.y * groups.x) * 64u + lane;
  if (i * 4u < p.count) { y[i] = vec4<T>(select(vec4f(b[i]), vec4f(a[i]), (bitcast<vec4u>(vec4f(condition[i])) & vec4u(0x7fffffffu)) != vec4u())); }
}
