// count_skip: skipped += 1 where an update is skipped.        skip (1), skipped (1)
// After the update, of each parameter whose update depends on how many there were. One thread owns the count.

struct Params { count: u32 }
@group(0) @binding(0) var<storage, read> skip: array<u32>;
@group(0) @binding(1) var<storage, read_write> skipped: array<f32>;
@group(1) @binding(0) var<uniform> p: Params;

@compute @workgroup_size(1)
fn main(@builtin(workgroup_id) workgroup: vec3u) {
  if (workgroup.x < p.count && skip[0] != 0u) { skipped[0] += 1.0; }
}
