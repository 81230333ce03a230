// gemm: C = op(A) · op(B) (+ bias) (+ C), the plain reference.
//   op(A) (m, k), op(B) (k, n), C (m, n), bias (n). Row-major or transposed: the strides say which.
// One thread owns one element of C. gemm_tiled.wgsl computes the same from registers.

alias T = f32; // slot
alias U = f32; // slot
struct Params {
  m: u32, n: u32, k: u32, batch: u32,
  a_base: u32, b_base: u32, bias_base: u32, c_base: u32,
  a_row: u32, a_k: u32, b_k: u32, b_column: u32, c_row: u32,
  a_batch: u32, b_batch: u32, c_batch: u32,
  has_bias: u32, accumulate: u32,
}
@group(0) @binding(0) var<storage, read> a: array<T>;
@group(0) @binding(1) var<storage, read> b: array<T>;
@group(0) @binding(2) var<storage, read> bias: array<T>;
@group(0) @binding(3) var<storage, read_write> c: array<U>;
@group(1) @binding(0) var<uniform> p: Params;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) lane: u32) {
  let element = (workgroup.x + workgroup.y * groups.x) * 64u + lane;
  if (element >= p.batch * p.m * p.n) { return; }
  let column = element % p.n;
  let row = element / p.n % p.m;
  let batch = element / p.n / p.m;
  let at = p.c_base + batch * p.c_batch + row * p.c_row + column;
  var sum = 0.0;
  if (p.accumulate != 0u) { sum = f32(c[at]); }
  if (p.has_bias != 0u) { sum += f32(bias[p.bias_base + column]); }
  let a_at = p.a_base + batch * p.a_batch + row * p.a_row;
  let b_at = p.b_base + batch * p.b_batch + column * p.b_column;
  for (var k = 0u; k < p.k; k++) { sum += f32(a[a_at + k * p.a_k]) * f32(b[b_at + k * p.b_k]); }
  c[at] = U(sum);
}
