// cast_u8: y = f32(x), four bytes of x a word.        x (count / 4 words), y (count), as vec4
// One thread owns one vec4 of the result.

alias T = f32; // slot
struct Params { count: u32, x_base: u32 }
@group(0) @binding(0) var<storage, read> x: array<u32>;
@group(0) @binding(1) var<storage, read_write> y: array<vec4<T>>;
@group(1) @binding(0) var<uniform> p: Params;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) lane: u32) {
  let i = (workgroup.x + workgroup.y * groups.x) * 64u + lane;
  if (i * 4u < p.count) { y[i] = vec4<T>((vec4u(x[p.x_base + i]) >> vec4u(0u, 8u, 16u, 24u)) & vec4u(255u)); }
}
