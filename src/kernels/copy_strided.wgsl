// copy_strided: y[y_start + i . y_stride] = x[x_start + i . x_stride] for every index i of a box of up to six
// dimensions. Permuting, slicing, expanding, concatenating and padding are all this. Bits, so any dtype of words; halves as they are.
// One thread owns one index.

alias T = u32; // slot

struct Params {
  count: u32, n1: u32, n2: u32, n3: u32, n4: u32, n5: u32,
  x_start: u32, x0: i32, x1: i32, x2: i32, x3: i32, x4: i32, x5: i32,
  y_start: u32, y0: i32, y1: i32, y2: i32, y3: i32, y4: i32, y5: i32,
  x_base: u32, y_base: u32,
}
@group(0) @binding(0) var<storage, read> x: array<T>;
@group(0) @binding(1) var<storage, read_write> y: array<T>;
@group(1) @binding(0) var<uniform> p: Params;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) lane: u32) {
  let flat = (workgroup.x + workgroup.y * groups.x) * 64u + lane;
  if (flat >= p.count) { return; }
  let i5 = i32(flat % p.n5);
  let r4 = flat / p.n5;
  let i4 = i32(r4 % p.n4);
  let r3 = r4 / p.n4;
  let i3 = i32(r3 % p.n3);
  let r2 = r3 / p.n3;
  let i2 = i32(r2 % p.n2);
  let r1 = r2 / p.n2;
  let i1 = i32(r1 % p.n1);
  let i0 = i32(r1 / p.n1);
  let from_x = p.x_base + p.x_start + u32(i0 * p.x0 + i1 * p.x1 + i2 * p.x2 + i3 * p.x3 + i4 * p.x4 + i5 * p.x5);
  let to_y = p.y_base + p.y_start + u32(i0 * p.y0 + i1 * p.y1 + i2 * p.y2 + i3 * p.y3 + i4 * p.y4 + i5 * p.y5);
  y[to_y] = x[from_x];
}
