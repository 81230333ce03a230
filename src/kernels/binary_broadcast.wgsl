// binary_broadcast: y = f(a, b) where a and b broadcast to y's shape of up to six dimensions.
//   A stride of 0 repeats an operand along a dimension. One thread owns one element of y.

alias value = f32;
alias T = f32; // slot
struct Params {
  count: u32, n1: u32, n2: u32, n3: u32, n4: u32, n5: u32,
  a_start: u32, a0: u32, a1: u32, a2: u32, a3: u32, a4: u32, a5: u32,
  b_start: u32, b0: u32, b1: u32, b2: u32, b3: u32, b4: u32, b5: u32,
  a_base: u32, b_base: u32, y_base: u32,
}
@group(0) @binding(0) var<storage, read> a: array<T>;
@group(0) @binding(1) var<storage, read> b: array<T>;
@group(0) @binding(2) var<storage, read_write> y: array<T>;
@group(1) @binding(0) var<uniform> p: Params;

fn f(a: value, b: value) -> value { return a + b; } // slot

// By its bits: a compiler may assume that there are no NaNs.
fn is_nan(v: f32) -> bool { return (bitcast<u32>(v) & 0x7fffffffu) > 0x7f800000u; } // shared

// a / b for every b: above 2^126 a division promises nothing (WGSL, 15.7.4), and on one adapter it gives 0.
fn divide(a: value, b: value) -> value { // shared
  let smaller = select(value(1.0), value(0.25), abs(b) > value(8.5e37));
  return (a * smaller) / (b * smaller);
}

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) lane: u32) {
  let flat = (workgroup.x + workgroup.y * groups.x) * 64u + lane;
  if (flat >= p.count) { return; }
  let i5 = flat % p.n5;
  let r4 = flat / p.n5;
  let i4 = r4 % p.n4;
  let r3 = r4 / p.n4;
  let i3 = r3 % p.n3;
  let r2 = r3 / p.n3;
  let i2 = r2 % p.n2;
  let r1 = r2 / p.n2;
  let i1 = r1 % p.n1;
  let i0 = r1 / p.n1;
  let at_a = p.a_base + p.a_start + i0 * p.a0 + i1 * p.a1 + i2 * p.a2 + i3 * p.a3 + i4 * p.a4 + i5 * p.a5;
  let at_b = p.b_base + p.b_start + i0 * p.b0 + i1 * p.b1 + i2 * p.b2 + i3 * p.b3 + i4 * p.b4 + i5 * p.b5;
  y[p.y_base + flat] = T(f(f32(a[at_a]), f32(b[at_b])));
}
