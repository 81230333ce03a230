// class_check: found[0] += how many labels are no class, found[1] = the largest of them, taken as u32.
//   labels (count), found (2)
// One thread owns one label. What finds nothing writes nothing, so found stays zeros while all is well.

alias label = i32; // slot
struct Params { count: u32, classes: u32, ignored: i32, found_base: u32 }
@group(0) @binding(0) var<storage, read> labels: array<label>;
@group(0) @binding(1) var<storage, read_write> found: array<atomic<u32>>;
@group(1) @binding(0) var<uniform> p: Params;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) lane: u32) {
  let i = (workgroup.x + workgroup.y * groups.x) * 64u + lane;
  if (i >= p.count) { return; }
  let value = i32(labels[i]);
  if (value == p.ignored || (value >= 0 && u32(value) < p.classes)) { return; }
  atomicAdd(&found[p.found_base], 1u);
  atomicMax(&found[p.found_base + 1u], bitcast<u32>(value));
}
