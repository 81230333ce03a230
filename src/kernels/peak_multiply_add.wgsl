// peak_multiply_add: as many multiply-adds in registers as the adapter can do; what kernels are measured against.
//   y (threads)
// One thread owns one number: 16 independent chains of vec4s, 4 steps a turn, 512 floating-point operations a turn.

struct Params { turns: u32, factor: f32, addend: f32 }
@group(0) @binding(0) var<storage, read_write> y: array<f32>;
@group(1) @binding(0) var<uniform> p: Params;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) lane: u32) {
  let i = (workgroup.x + workgroup.y * groups.x) * 64u + lane;
  let factor = vec4f(p.factor);
  let addend = vec4f(p.addend);
  var chains: array<vec4f, 16>;
  for (var c = 0u; c < 16u; c++) { chains[c] = vec4f(f32(i + c)); }
  for (var turn = 0u; turn < p.turns; turn++) {
    for (var step = 0u; step < 4u; step++) {
      for (var c = 0u; c < 16u; c++) { chains[c] = fma(chains[c], factor, addend); }
    }
  }
  var sum = vec4f();
  for (var c = 0u; c < 16u; c++) { sum += chains[c]; }
  y[i] = dot(sum, vec4f(1));
}
