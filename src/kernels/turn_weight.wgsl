// turn_weight: a convolution's weight as its data gradient needs it: the channels exchanged, the taps backwards.
//   weight (groups, outs, ins, area), turned (groups, ins, outs, area)
// One thread owns the taps of one pair of channels.

alias T = f32; // slot
struct Params { groups: u32, outs: u32, ins: u32, area: u32 }
@group(0) @binding(0) var<storage, read> weight: array<T>;
@group(0) @binding(1) var<storage, read_write> turned: array<T>;
@group(1) @binding(0) var<uniform> p: Params;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) lane: u32) {
  let i = (workgroup.x + workgroup.y * groups.x) * 64u + lane;
  let outer = i % p.outs;
  let inner = i / p.outs % p.ins;
  let group = i / p.outs / p.ins;
  if (group >= p.groups) { return; }
  let last = ((group * p.outs + outer) * p.ins + inner + 1u) * p.area - 1u;
  for (var tap = 0u; tap < p.area; tap++) { turned[i * p.area + tap] = weight[last - tap]; }
}
