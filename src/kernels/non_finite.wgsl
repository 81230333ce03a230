// non_finite: how many elements of x are NaN or infinite, and which is the first of each.
//   x (count), found (slots, 4): NaNs, ~first NaN, infinities, ~first infinity. found starts as zeros.
// By bit pattern: a compiler may take for granted that no float is NaN. The complement of an index makes "the first" a
// maximum that starts from zero. One thread owns SPAN elements, a workgroup's width apart.

const SPAN: u32 = 16;

alias T = u32; // slot (f16, and bits_of, where x has halves)

struct Params { count: u32, start: u32, slot: u32 }
@group(0) @binding(0) var<storage, read> x: array<T>;
@group(0) @binding(1) var<storage, read_write> found: array<atomic<u32>>;
@group(1) @binding(0) var<uniform> p: Params;

fn bits_of(v: T) -> u32 { return v; } // slot

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) lane: u32) {
  let first = (workgroup.x + workgroup.y * groups.x) * 64u * SPAN + lane;
  for (var j = 0u; j < SPAN; j++) {
    let i = first + j * 64u;
    if (i >= p.count) { break; }
    let magnitude = bits_of(x[i]) & 0x7fffffffu;
    if (magnitude >= 0x7f800000u) {
      let at = p.slot * 4u + select(2u, 0u, magnitude > 0x7f800000u);
      atomicAdd(&found[at], 1u);
      atomicMax(&found[at + 1u], ~(p.start + i));
    }
  }
}
