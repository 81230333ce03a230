// average: mean = decay * mean + rest * value.        mean, value (count), as vec4
// One thread owns one vec4.

struct Params { count: u32, decay: f32, rest: f32 }
@group(0) @binding(0) var<storage, read> value: array<vec4f>;
@group(0) @binding(1) var<storage, read_write> mean: array<vec4f>;
@group(1) @binding(0) var<uniform> p: Params;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) lane: u32) {
  let i = (workgroup.x + workgroup.y * groups.x) * 64u + lane;
  if (i * 4u >= p.count) { return; }
  mean[i] = p.decay * mean[i] + p.rest * value[i];
}
