// lars: velocity = momentum * velocity + rate * trust * (grad + decay * param); param -= velocity, where
//       trust = coefficient * |param| / (|grad| + decay * |param|), or 1 where one of the norms is 0.
//   param, grad, velocity (count), as vec4; squares (2): of |param| and |grad|
// You et al. 2017, algorithm 1. One thread owns one vec4.
// Where `skip` is not 0 it does nothing: a GradScaler found a gradient that is not finite.

struct Params { count: u32, rate: f32, momentum: f32, decay: f32, coefficient: f32 }
@group(0) @binding(0) var<storage, read> grad: array<vec4f>;
@group(0) @binding(1) var<storage, read> squares: array<f32>;
@group(0) @binding(2) var<storage, read> skip: array<u32>;
@group(0) @binding(3) var<storage, read_write> velocity: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> param: array<vec4f>;
@group(1) @binding(0) var<uniform> p: Params;

// By its bits: NaN is not 0.
fn is_zero(v: f32) -> bool { return bitcast<u32>(v) == 0u; } // shared

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) lane: u32) {
  let i = (workgroup.x + workgroup.y * groups.x) * 64u + lane;
  if (i * 4u >= p.count || skip[0] != 0u) { return; }
  let norm = sqrt(squares[0]);
  let adapted = p.coefficient * norm / (sqrt(squares[1]) + p.decay * norm);
  let trust = select(adapted, 1.0, is_zero(squares[0]) | is_zero(squares[1]));
  let d = grad[i] + select(p.decay * param[i], vec4f(), p.decay == 0.0); // an infinite param without decay stays
  let v = p.momentum * velocity[i] + p.rate * trust * d;
  velocity[i] = v;
  param[i] -= v;
}
