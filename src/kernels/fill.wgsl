// fill: y = value, by its bits, so any dtype.        y (count), as vec4 of words
// One thread owns four vec4 of the result, a workgroup apart.

alias T = i32; // slot (f16, and what it is to be, where y has halves)

struct Params { count: u32, bits: i32 }
@group(0) @binding(0) var<storage, read_write> y: array<vec4<T>>;
@group(1) @binding(0) var<uniform> p: Params;

fn value() -> T { return p.bits; } // slot

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) lane: u32) {
  let first = (workgroup.x + workgroup.y * groups.x) * 256u + lane;
  for (var j = 0u; j < 4u; j++) {
    let i = first + j * 64u;
    if (i * 4u < p.count) { y[i] = vec4<T>(value()); }
  }
}
