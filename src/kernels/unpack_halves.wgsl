// unpack_halves: y = the numbers that halves stand for (+ y), two a word of x, the first in the lower.        x (count / 2), y (count), as bits
// In whole numbers, as pack_halves has it, and exact. One thread owns four numbers; where x begins, a pair begins.

struct Params { count: u32, accumulate: u32, x_base: u32 }
@group(0) @binding(0) var<storage, read> x: array<vec2u>;
@group(0) @binding(1) var<storage, read_write> y: array<vec4u>;
@group(1) @binding(0) var<uniform> p: Params;

fn bits_of(halves: vec4u) -> vec4u {
  let size = halves & vec4u(0x7fffu);
  let exponent = select(vec4u(0x38000000u), vec4u(0x70000000u), size >= vec4u(0x7c00u)); // 112 more; infinities and NaN 224
  let subnormal = bitcast<vec4u>(vec4f(size) * 0x1p-24f);
  let number = select((size << vec4u(13u)) + exponent, subnormal, size < vec4u(0x400u));
  return ((halves & vec4u(0x8000u)) << vec4u(16u)) | number;
}

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) lane: u32) {
  let i = (workgroup.x + workgroup.y * groups.x) * 64u + lane;
  if (i * 4u >= p.count) { return; }
  let words = x[p.x_base / 2u + i];
  let bits = bits_of((words.xxyy >> vec4u(0u, 16u, 0u, 16u)) & vec4u(0xffffu));
  if (p.accumulate == 0u) { y[i] = bits; } else { y[i] = bitcast<vec4u>(bitcast<vec4f>(y[i]) + bitcast<vec4f>(bits)); }
}
