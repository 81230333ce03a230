// pack_halves: y = the bits of x's nearest halves, two a word, the first in the lower.        x (count), y (count / 2), as bits
// Of two halves as near the even one; from 65520 on infinity; NaN is 0x7e00 and its sign. In whole numbers: a conversion by the
// adapter may round otherwise, take subnormal halves for 0 and need f16, and these halves are the host's (src/half.ts) to the bit.
// One thread owns four numbers.

struct Params { count: u32 }
@group(0) @binding(0) var<storage, read> x: array<vec4u>;
@group(0) @binding(1) var<storage, read_write> y: array<vec2u>;
@group(1) @binding(0) var<uniform> p: Params;

// v / 2^by, rounded; by from 1 on.
fn shifted(v: vec4u, by: vec4u) -> vec4u { return (v + (vec4u(1u) << (by - 1u)) - 1u + ((v >> by) & vec4u(1u))) >> by; }

fn halves_of(bits: vec4u) -> vec4u {
  let size = bits & vec4u(0x7fffffffu);
  let normal = shifted(size - 0x38000000u, vec4u(13u)); // exponents are 112 less
  let by = min(126u - min(size >> vec4u(23u), vec4u(112u)), vec4u(25u)); // below 2^-25 nothing is left
  let subnormal = shifted((size & vec4u(0x7fffffu)) | vec4u(0x800000u), by);
  let number = select(min(normal, vec4u(0x7c00u)), subnormal, size < vec4u(0x38800000u)); // 2^-14
  return ((bits >> vec4u(16u)) & vec4u(0x8000u)) | select(number, vec4u(0x7e00u), size > vec4u(0x7f800000u));
}

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) lane: u32) {
  let i = (workgroup.x + workgroup.y * groups.x) * 64u + lane;
  if (i * 4u >= p.count) { return; }
  let halves = halves_of(x[i]);
  y[i] = halves.xz | (halves.yw << vec2u(16u));
}
